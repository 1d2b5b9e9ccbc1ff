/** Actions as the API opens them, judged by a rulebook of the test's own; no workflow runs them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { actionIdOf, openAction } from '../../../src/action/admit.tx.js';
import { classifyAsked } from '../../../src/action/classify.tx.js';
import type { GovernanceDeps } from '../../../src/action/deps.js';
import { agent, type AgentId } from '../../../src/action/ids.js';
import type { Admission, Classified } from '../../../src/action/types.js';
import { leafOf } from '../../../src/audit/leaf.js';
import { leavesOf } from '../../../src/audit/leaf.store.js';
import { inTenant } from '../../../src/database/transaction.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import { KeyCache } from '../../../src/keys/key-cache.js';
import { Keychain } from '../../../src/keys/keychain.store.js';
import { localKeyring } from '../../../src/keys/local-keyring.node.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { activateRulebook, rulebookReader, storeRulebook } from '../../../src/rulebook/rulebook.store.js';
import { warrantIssuerName } from '../../../src/warrant/issuer.js';
import { warrantIssuer } from '../../../src/warrant/issuer.node.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { testIssuer } from '../../support/issuer.js';
import { rulebookFiles } from '../../support/rulebook.js';
import { clinic, fillDirectory, keyPair } from '../../support/stack.js';

export const triage = agent('triage-agent');
export const documentation = agent('documentation-agent');

export interface Opening {
  /** Number of a patient; none for a question about the facility. */
  readonly patient?: number;
  readonly agent?: AgentId;
  readonly justified?: boolean;
  readonly claimedTier?: 'T2' | 'T3';
}

export interface QuotaStage {
  readonly db: TestDatabase;
  readonly deps: GovernanceDeps;
  /** From now on these quotas govern, beside everything else that ships. */
  govern(quotas: Record<string, object>, files?: Record<string, string>): Promise<void>;
  /** Opens an action, its principal being shown to treat the patient. */
  open(opening?: Opening): Promise<Admission>;
  classify(admission: Admission): Promise<Classified>;
  /** Opens and classifies. */
  ask(opening?: Opening): Promise<Classified>;
  leaf(admission: Admission, kind: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Nothing was asked or counted yet. */
  forget(): Promise<void>;
  end(): Promise<void>;
}

export async function quotaStage(): Promise<QuotaStage> {
  const [db, issuer, keys] = await Promise.all([testDatabase(), testIssuer(), keyPair('EdDSA')]);
  const folder = mkdtempSync(join(tmpdir(), 'countersign-quota-'));
  const keyring = localKeyring({ folder, production: false, aead: nodeAead });
  const keychain = new Keychain({ keyring, aead: nodeAead, cache: new KeyCache({ clock: () => performance.now() }) });
  const people = await fillDirectory(db, issuer);
  const deps: GovernanceDeps = {
    pool: db.pool('governance'),
    keychain,
    rulebook: rulebookReader(),
    issuer: await warrantIssuer(warrantIssuerName(clinic), keys.privateJwk),
    location: 'https://ehr.example/fhir',
  };
  let asked = 0;

  const open: QuotaStage['open'] = async (opening = {}) => {
    const { patient, agent: by = triage, justified = false, claimedTier } = opening;
    asked += 1;
    const about = { patient: `Patient/p${patient}`, episode: `Encounter/e${patient}` };
    const admission = await openAction(
      { pool: db.pool('api'), keychain, rulebook: deps.rulebook, newActionId: () => actionIdOf(nodeAead.random(26)) },
      {
        tenant: clinic,
        agent: by,
        principal: people.chen,
        request: {
          type: patient === undefined ? 'facility.read' : 'medications.read',
          input: patient === undefined ? {} : about,
          purpose: patient === undefined ? 'HOPERAT' : 'TREAT',
          principal: 'verified by the route',
          reason: 'Reconcile medications before discharge',
          idempotencyKey: `asked-${asked}`,
          ...(justified && { justifications: { current_medications: 'What is to be reconciled' } }),
          ...(claimedTier && { claimedTier }),
        },
      },
    );
    if (patient !== undefined)
      await db.admin.query(
        `INSERT INTO countersign.relation (tenant, action, status, basis) VALUES ('clinic', $1, 'related', 'encounter_participant')`,
        [admission.action],
      );
    return admission;
  };

  return {
    db,
    deps,
    open,
    async govern(quotas, files = {}) {
      const rulebook = loadRulebook(
        rulebookFiles({ 'quotas.yaml': stringify({ quotas: { idle: idleQuota, ...quotas } }), ...files }),
        {
          issuers: [],
          warrantIssuers: [{ iss: warrantIssuerName(clinic), jwks: { keys: [keys.publicJwk] } }],
          logs: [],
          rpIds: [],
        },
      );
      await inTenant(db.admin, clinic, async (tx) => {
        await storeRulebook(tx, rulebook);
        await activateRulebook(tx, rulebook.digest);
      });
    },
    classify: (admission) => classifyAsked(deps, admission),
    ask: async (opening) => classifyAsked(deps, await open(opening)),
    async leaf({ action }, kind) {
      const leaves = await inTenant(db.pool('api'), clinic, (tx) => leavesOf(tx, action));
      const found = leaves.map(({ bytes }) => leafOf(bytes)).find((leaf) => leaf.kind === kind);
      return found && (found.data as Record<string, unknown>);
    },
    async forget() {
      await db.admin.query('TRUNCATE countersign.quota_entry');
    },
    async end() {
      await Promise.all([issuer.close(), db.end()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Makes the rulebook count, and bounds nothing. */
const idleQuota = {
  reason: 'for a test',
  per: 'agent',
  counting: 'patients',
  limit: 1_000_000,
  each: 'day',
  beyond: 'refused',
};
