import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import { digest } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { canonicalDigest, hex } from '../audit/bytes.js';
import { inTenant } from '../database/transaction.js';
import { findPerson, findPersonIdentity } from '../directory/directory.store.js';
import type { VoteToken } from '../identity/tokens.gateway.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import { activeDigest, type ReadRulebook } from '../rulebook/rulebook.store.js';
import { unbase64url } from './base64url.js';
import type { EnrolmentAnswer, OfferCase } from './enrolment.js';
import { checkEnrolmentToken, requiredSignIn } from './enrolment-proof.js';
import {
  findEnrolment,
  findOffer,
  insertPasskey,
  keepOfferRefusal,
  type EnrolmentRow,
  type OfferRow,
} from './passkey.store.js';
import { refusedOfferLeaf } from './refused-offer.js';
import { enrolmentChallenge, enrolmentNonce } from './registration.js';
import type { NewCredential } from './verify-registration.node.js';

export interface RecordEnrolmentDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
}

/** What the worker verifies, and the rulebook that says which sites and issuers it believes. */
export interface OfferOpening {
  readonly enrolment: EnrolmentRow;
  readonly challenge: string;
  readonly offer: OfferRow['offer'];
  /** Tokens are judged as of then: an offer that came in time is not lost because its verification had to wait. */
  readonly receivedAt: Date;
  readonly rulebook: Rulebook;
}

export type OpenedOffer =
  | ({ readonly status: 'open' } & OfferOpening)
  /** Nothing to verify: this offer made its passkey or was refused before, or came too late. */
  | { readonly status: 'answered'; readonly answer: EnrolmentAnswer };

/** An offer whose ceremony and signatures were verified; whose sign-in it was is judged when it is recorded. */
export interface VerifiedOffer {
  readonly credential: NewCredential;
  readonly rpId: string;
  readonly token: VoteToken;
}

export async function openOffer(deps: RecordEnrolmentDeps, of: OfferCase): Promise<OpenedOffer> {
  return inTenant(deps.pool, of.tenant, async (tx) => {
    const enrolment = await findEnrolment(tx, of.enrolment);
    const noted = await findOffer(tx, of.enrolment, of.offer);
    // No leaf: there is nobody whose it could be. The API notes an offer before it starts anything.
    if (!enrolment || !noted) return { status: 'answered', answer: { status: 'refused', code: 'passkey.unknown' } };
    if (noted.counted) return { status: 'answered', answer: { status: 'enrolled', passkey: of.enrolment } };
    if (noted.refused !== null) return { status: 'answered', answer: { status: 'refused', code: noted.refused } };
    if (noted.late) return { status: 'answered', answer: await refuse(tx, of, enrolment, 'passkey.expired') };
    const rulebook = await deps.rulebook(tx, await activeDigest(tx));
    const challenge = enrolmentChallenge(enrolment, sha256);
    return { status: 'open', enrolment, challenge, offer: noted.offer, receivedAt: noted.receivedAt, rulebook };
  });
}

/** Keeps and logs why an offer did not verify. */
export async function refuseOffer(
  { pool }: Pick<RecordEnrolmentDeps, 'pool'>,
  of: OfferCase,
  { enrolment }: OfferOpening,
  code: string,
): Promise<EnrolmentAnswer> {
  return inTenant(pool, of.tenant, (tx) => refuse(tx, of, enrolment, code));
}

/** Makes the passkey of an offer that was verified: the sign-in must be the person's own, for this very key. */
export async function recordEnrolment(
  { pool }: Pick<RecordEnrolmentDeps, 'pool'>,
  of: OfferCase,
  { enrolment, challenge, offer, rulebook }: OfferOpening,
  { credential: made, rpId, token }: VerifiedOffer,
): Promise<EnrolmentAnswer> {
  return inTenant(pool, of.tenant, async (tx) => {
    const { person } = enrolment;
    const nonce = enrolmentNonce(challenge, offer.registration, sha256);
    const row = await findPerson(tx, person);
    const identity = await findPersonIdentity(tx, person);
    if (!row?.active || row.suspended || !identity) return refuse(tx, of, enrolment, 'passkey.inactive');
    const { openedAt } = enrolment;
    const facts = { token, person: identity, nonce, openedAt, required: requiredSignIn(rulebook) };
    const objection =
      checkEnrolmentToken(facts) ??
      (await insertPasskey(tx, {
        enrolment: of.enrolment,
        name: of.offer,
        ...made,
        rpId,
        transports: offer.registration.transports ?? [],
      }));
    if (objection !== undefined) return refuse(tx, of, enrolment, objection);
    await appendLeaf(tx, {
      kind: 'passkey.enrolled',
      key: of.enrolment,
      data: {
        passkey: of.enrolment,
        person,
        credential: digestOf(unbase64url(made.credential) ?? new Uint8Array()),
        publicKey: digestOf(made.publicKey),
        aaguid: made.aaguid,
        rpId,
        method: 'idp',
        nonce,
        proof: canonicalDigest(offer),
      },
    });
    return { status: 'enrolled', passkey: of.enrolment };
  });
}

function digestOf(bytes: Uint8Array) {
  return digest(hex(sha256(bytes)));
}

/** The first refusal of an offer stays; one that made its passkey while this ran keeps its answer too. */
async function refuse(tx: PoolClient, of: OfferCase, { person }: EnrolmentRow, code: string): Promise<EnrolmentAnswer> {
  const kept = await keepOfferRefusal(tx, of.enrolment, of.offer, code);
  if (kept === undefined) return { status: 'enrolled', passkey: of.enrolment };
  await appendLeaf(tx, refusedOfferLeaf({ enrolment: of.enrolment, person, code: kept }));
  return { status: 'refused', code: kept };
}
