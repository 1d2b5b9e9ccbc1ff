/** An action in a real database, as the API and classify leave it, and warrants for it. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { insertAction } from '../../../src/action/action.store.js';
import { canonicalBytes } from '../../../src/action/canonical.js';
import { catalogue } from '../../../src/action/catalogue.js';
import { subjectOf } from '../../../src/action/define-action.js';
import { action, agent, digest, person, tenant, type ActionId } from '../../../src/action/ids.js';
import type { SealedRequest } from '../../../src/action/request.js';
import { shownText } from '../../../src/action/shown.js';
import type { MintedWarrant } from '../../../src/action/types.js';
import { inTenant } from '../../../src/database/transaction.js';
import type { ElementReading } from '../../../src/ehr/reading.js';
import { relationReadings } from '../../../src/ehr/relation.js';
import { performStep, relateStep } from '../../../src/ehr/steps.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import { KeyCache } from '../../../src/keys/key-cache.js';
import { Keychain } from '../../../src/keys/keychain.store.js';
import { localKeyring } from '../../../src/keys/local-keyring.node.js';
import { warrantIssuer } from '../../../src/warrant/issuer.node.js';
import type { WarrantIssuer } from '../../../src/warrant/issuer.js';
import { mintWarrant, type WarrantSpec } from '../../../src/warrant/mint.store.js';
import type { TrustedIssuer } from '../../../src/warrant/verify.js';
import type { TestDatabase } from '../../support/database.js';

export const clinic = tenant('clinic');
export const triage = agent('triage-agent');
export const chen = person('00000000-0000-4000-8000-0000000000c4');
/** SHA-256 of `{}`: an active rulebook that nobody reads here. */
const rulebook = digest('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
const vote = digest('33'.repeat(32));

export const medications: ElementReading = {
  name: 'current_medications',
  searches: [{ type: 'MedicationRequest', params: { patient: '{patient}', status: 'active' } }],
  scopes: ['system/MedicationRequest.rs'],
  fields: ['status', 'medicationCodeableConcept.text', 'dosageInstruction.text'],
  maxRecords: 200,
  episodeBound: false,
};
export const facility: ElementReading = {
  name: 'facility',
  searches: [{ type: 'Location', params: { status: 'active' } }],
  scopes: ['system/Location.rs'],
  fields: ['name', 'status'],
  maxRecords: 20,
  episodeBound: false,
};

export interface Stage {
  readonly keychain: Keychain;
  readonly issuer: WarrantIssuer;
  readonly issuers: readonly TrustedIssuer[];
  /** Opens an action with its keys, sealed request and shown text. */
  open(request?: Partial<SealedRequest>): Promise<OpenedAction>;
  /** Mints as governance does, the action being authorised. */
  mint(of: OpenedAction, more?: Partial<WarrantSpec>): Promise<MintedWarrant>;
  /** Mints the system warrant for the treatment relationship. */
  mintRelation(of: OpenedAction, more?: Partial<WarrantSpec>): Promise<MintedWarrant>;
  /** Removes the keyring. */
  end(): void;
}

export interface OpenedAction {
  readonly action: ActionId;
  readonly spec: WarrantSpec;
}

const month = '2026-03';

/** @param location FHIR base URL of the warrants, asked when an action is opened. */
export async function stage(db: TestDatabase, location = () => 'https://ehr.example/fhir'): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-keyring-'));
  const keyring = localKeyring({ folder, production: false, aead: nodeAead });
  const keychain = new Keychain({ keyring, aead: nodeAead, cache: new KeyCache({ clock: () => performance.now() }) });
  const { issuer, trusted } = await newIssuer('urn:countersign:dev:clinic');
  await db.admin.query(
    `INSERT INTO countersign.rulebook (digest, content) VALUES ('${rulebook}', '{}');
     INSERT INTO countersign.active_rulebook (tenant, ordinal, digest) VALUES ('clinic', 1, '${rulebook}')`,
  );

  const open = async (more: Partial<SealedRequest> = {}): Promise<OpenedAction> => {
    const id = newAction();
    const request: SealedRequest = {
      type: 'medications.read',
      input: { patient: 'Patient/p1', episode: 'Encounter/e1' },
      elements: ['current_medications'],
      purpose: 'TREAT',
      agent: triage,
      principal: chen,
      reason: 'Reconcile before discharge',
      ...more,
    };
    const definition = catalogue.get(request.type);
    if (!definition) throw new Error('no such type');
    const { patient, episode } = subjectOf(request.input);
    const spec = await inTenant(db.pool('api'), clinic, async (tx) => {
      await keychain.create(tx, clinic, id, month);
      const seal = (path: string, value: unknown) => keychain.seal(tx, clinic, id, path, canonicalBytes(value));
      const requestCommitment = await seal('request', request);
      const displayCommitment = await seal('display/1', shownText(request, definition.describe));
      const pseudonym = async (reference: string | undefined) =>
        patient === undefined || reference === undefined
          ? null
          : ((await keychain.pseudonym(tx, clinic, patient, reference, { create: true })) ?? null);
      const row = {
        action: id,
        type: request.type,
        agent: triage,
        agentVersion: '1',
        principal: chen,
        purpose: request.purpose,
        elements: request.elements,
        patient: await pseudonym(patient),
        episode: await pseudonym(episode),
        rulebook,
      };
      await insertAction(tx, {
        ...row,
        reasonGiven: true,
        justified: [],
        riskAssessed: false,
        claimedTier: null,
        expiresIn: null,
        idempotencyKey: id,
        requestCommitment,
        displayCommitment,
      });
      return { ...row, requestCommitment };
    });
    const { type: _type, agentVersion: _version, elements: _elements, ...same } = spec;
    return {
      action: id,
      spec: {
        ...same,
        tenant: clinic,
        revision: 1,
        step: performStep,
        kind: 'action',
        performs: 'ehr.read',
        location: location(),
        elements: patient === undefined ? [facility] : [medications],
        limits: { uses: 1, records: 200, bytes: 4_000_000 },
        seconds: 1_800,
        readOnly: true,
        tier: patient === undefined ? 'T0' : 'T1',
        approvals: patient === undefined ? [] : [vote],
        queue: 'ehr',
      },
    };
  };

  return {
    end: () => rmSync(folder, { recursive: true, force: true }),
    keychain,
    issuer,
    issuers: [trusted],
    open,
    mint: ({ action: id, spec }, more = {}) =>
      inTenant(db.pool('governance'), clinic, async (tx) => {
        await tx.query(`UPDATE countersign.action SET status = 'authorised' WHERE action = $1`, [id]);
        return mintWarrant(tx, issuer, { ...spec, ...more });
      }),
    mintRelation: ({ spec }, more = {}) =>
      inTenant(db.pool('governance'), clinic, (tx) =>
        mintWarrant(tx, issuer, {
          ...spec,
          step: relateStep,
          kind: 'system',
          elements: relationReadings,
          limits: { uses: 1, records: 51, bytes: 100_000 },
          seconds: 60,
          approvals: [],
          ...more,
        }),
      ),
  };
}

/** A fresh issuer and the trust root that believes it. */
export async function newIssuer(
  iss: string,
  kid = '2026-03',
): Promise<{ issuer: WarrantIssuer; trusted: TrustedIssuer }> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const { x = '' } = await exportJWK(publicKey);
  return {
    issuer: await warrantIssuer(iss, { ...(await exportJWK(privateKey)), kid }),
    trusted: { iss, jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid }] } },
  };
}

function newAction(): ActionId {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  return action([...randomBytes(26)].map((byte) => letters[byte % 32]).join(''));
}
