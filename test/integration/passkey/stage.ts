/** Enrolments in a real database, with real bytes of software passkeys, and the two sides of one: the API's, the worker's. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWTPayload } from 'jose';
import { softwarePasskey, type PasskeyOptions, type SoftwarePasskey } from '@countersign/sandbox';
import { enrolmentActivities } from '../../../activities/governance/enrolment.js';
import { Semaphore } from '../../../activities/governance/semaphore.js';
import { tokenVerifiers } from '../../../src/identity/tokens.gateway.js';
import type { EnrolmentAnswer } from '../../../src/passkey/enrolment.js';
import { vouchingActivities } from '../../../activities/governance/vouching.js';
import { assertionSchema, type Assertion } from '../../../src/passkey/assertion.js';
import { passkeySchema, vouchingSchema, type PasskeyId } from '../../../src/passkey/ids.js';
import { openEnrolment, type OpenedEnrolment } from '../../../src/passkey/open-enrolment.tx.js';
import { openVouching, type OpenedVouching } from '../../../src/passkey/open-vouching.tx.js';
import { receiveOffer } from '../../../src/passkey/receive-offer.tx.js';
import { receiveWord } from '../../../src/passkey/receive-word.tx.js';
import {
  enrolmentNonce,
  registrationSchema,
  type Offer,
  type Registration,
} from '../../../src/passkey/registration.js';
import type { VouchingAnswer } from '../../../src/passkey/vouching.js';
import { rulebookReader } from '../../../src/rulebook/rulebook.store.js';
import { clinic, voteStage, type Name, type VoteStage } from '../approval/stage.js';

export const origin = 'http://localhost:8787';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** How an offer differs from an honest one. */
export interface Changed {
  readonly made?: PasskeyOptions;
  readonly challenge?: string;
  readonly origin?: string;
  readonly registration?: (made: Registration) => Registration;
  /** Who signs in. */
  readonly signsIn?: Name;
  readonly nonce?: string;
  readonly token?: JWTPayload;
}

/** How a word differs from an honest one. */
export interface OtherWord {
  readonly made?: PasskeyOptions;
  readonly hash?: string;
  readonly origin?: string;
  /** Whose passkey signs. */
  readonly signs?: Name;
}

export interface PasskeyStage {
  readonly votes: VoteStage;
  authenticator(of: Name, options?: PasskeyOptions): SoftwarePasskey;
  open(by: Name): Promise<OpenedEnrolment>;
  make(opened: OpenedEnrolment, by: Name, changed?: Changed): Registration;
  offer(opened: OpenedEnrolment, by: Name, changed?: Changed): Promise<Offer>;
  /** The API's side and then the worker's. */
  send(opened: OpenedEnrolment, by: Name, offer: Offer): Promise<EnrolmentAnswer>;
  enrol(by: Name, options?: PasskeyOptions): Promise<OpenedEnrolment>;
  openVouching(by: Name, passkey: PasskeyId): Promise<OpenedVouching>;
  word(opened: OpenedVouching, by: Name, other?: OtherWord): Assertion;
  /** The API's side and then the worker's. */
  sendWord(opened: OpenedVouching, by: Name, word: Assertion): Promise<VouchingAnswer>;
  /** Says, with their own passkey, that this one is its owner's. */
  vouch(by: Name, passkey: PasskeyId): Promise<void>;
  /** Ends every passkey, so that a test begins with none that counts. */
  revokeAll(): Promise<void>;
  /** Kinds and data of the tenant's own leaves that speak of passkeys. */
  leaves(): Promise<{ readonly kind: string; readonly data: unknown }[]>;
  end(): Promise<void>;
}

export async function passkeyStage(rpIds: readonly string[] = ['localhost']): Promise<PasskeyStage> {
  const votes = await voteStage(undefined, rpIds);
  const { db, issuer, person } = votes;
  const stateDir = mkdtempSync(join(tmpdir(), 'passkeys-'));
  const deps = {
    pool: db.pool('api'),
    rulebook: rulebookReader(),
    newEnrolmentId: () => passkeySchema.parse(randomUUID()),
    newVouchingId: () => vouchingSchema.parse(randomUUID()),
  };
  const worker = {
    pool: db.pool('governance'),
    rulebook: rulebookReader(),
    verifier: tokenVerifiers(),
    verifications: new Semaphore(8),
  };
  const { recordEnrolment } = enrolmentActivities(worker);
  const { recordWord } = vouchingActivities(worker);
  const authenticator: PasskeyStage['authenticator'] = (of, options) => softwarePasskey(stateDir, of, options);
  const open: PasskeyStage['open'] = (by) => openEnrolment(deps, { tenant: clinic, person: person(by), name: by });

  const make: PasskeyStage['make'] = ({ challenge, rpId, user }, by, changed = {}) => {
    const asked = { challenge: changed.challenge ?? challenge, rpId, origin: changed.origin ?? origin };
    const made = authenticator(by, changed.made).create({ ...asked, userHandle: user.id });
    return (changed.registration ?? ((same) => same))(registrationSchema.parse(made));
  };
  const offer: PasskeyStage['offer'] = async (opened, by, changed = {}) => {
    const registration = make(opened, by, changed);
    const nonce = changed.nonce ?? enrolmentNonce(opened.challenge, registration, sha256);
    return { registration, idToken: await issuer.voteToken(changed.signsIn ?? by, nonce, changed.token) };
  };
  const send: PasskeyStage['send'] = async ({ enrolment }, by, given) => {
    const received = await receiveOffer(deps, { tenant: clinic, enrolment, person: person(by), offer: given });
    return received.status === 'received'
      ? recordEnrolment({ tenant: clinic, enrolment, offer: received.offer })
      : received;
  };

  const openWord: PasskeyStage['openVouching'] = async (by, passkey) => {
    const opened = await openVouching(deps, { tenant: clinic, passkey, voucher: person(by) });
    if (!opened) throw new Error('no such passkey');
    return opened;
  };
  const word: PasskeyStage['word'] = ({ hash, rpId }, by, other = {}) =>
    assertionSchema.parse(
      authenticator(other.signs ?? by, other.made).get({
        challenge: other.hash ?? hash,
        rpId,
        origin: other.origin ?? origin,
      }),
    );
  const sendWord: PasskeyStage['sendWord'] = async ({ statement: { vouching } }, by, given) => {
    const received = await receiveWord(deps, { tenant: clinic, vouching, voucher: person(by), word: given });
    return received.status === 'received' ? recordWord({ tenant: clinic, vouching, word: received.word }) : received;
  };

  return {
    votes,
    authenticator,
    open,
    make,
    offer,
    send,
    async enrol(by, options) {
      const opened = await open(by);
      const answer = await send(opened, by, await offer(opened, by, { ...(options && { made: options }) }));
      if (answer.status !== 'enrolled') throw new Error(answer.code);
      return opened;
    },
    openVouching: openWord,
    word,
    sendWord,
    async vouch(by, passkey) {
      const opened = await openWord(by, passkey);
      const answer = await sendWord(opened, by, word(opened, by));
      if (answer.status !== 'vouched') throw new Error(answer.code);
    },
    async revokeAll() {
      await db.admin.query('UPDATE countersign.passkey SET revoked_at = clock_timestamp() WHERE revoked_at IS NULL');
    },
    async leaves() {
      const found = await db.admin.query<{ bytes: Buffer }>(
        'SELECT bytes FROM countersign.audit_leaf WHERE action IS NULL ORDER BY index',
      );
      const all = found.rows.map(({ bytes }) => JSON.parse(bytes.toString()) as { kind: string; data: unknown });
      return all.filter(({ kind }) => kind.startsWith('passkey.'));
    },
    async end() {
      rmSync(stateDir, { recursive: true });
      await votes.end();
    },
  };
}

/** The registration with the hash of another relying party in its authenticator data: attestation `none` signs nothing. */
export function forSite(rpId: string): (made: Registration) => Registration {
  return (made) => {
    const bytes = Buffer.from(made.attestationObject, 'base64url');
    const at = bytes.indexOf(sha256(Buffer.from('localhost')));
    if (at < 0) throw new Error('the hash of the relying party is not where it should be');
    bytes.set(sha256(Buffer.from(rpId)), at);
    return { ...made, attestationObject: bytes.toString('base64url') };
  };
}

/** The same key, in a ceremony for another challenge. */
export function again(made: Registration, challenge: string): Registration {
  const clientData = JSON.stringify({ type: 'webauthn.create', challenge, origin, crossOrigin: false });
  return { ...made, clientDataJSON: Buffer.from(clientData).toString('base64url') };
}
