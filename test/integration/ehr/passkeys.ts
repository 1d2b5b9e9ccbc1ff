/** Passkeys of people of the directory, enrolled in a real database, and votes signed by them. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softwarePasskey } from '@countersign/sandbox';
import {
  challenge,
  digest,
  type ActionId,
  type ChallengeId,
  type PersonId,
  type RoleName,
} from '../../../src/action/ids.js';
import { decisionHash, type Decision, type Meaning, type Verdict } from '../../../src/approval/decision.js';
import type { Proof } from '../../../src/approval/envelope.js';
import {
  decisionOf,
  findChallenge,
  insertChallenge,
  insertReceipt,
  insertVote,
} from '../../../src/approval/vote.store.js';
import { appendLeaf } from '../../../src/audit/append.store.js';
import { canonicalDigest } from '../../../src/audit/bytes.js';
import { inTenant } from '../../../src/database/transaction.js';
import { passkeySchema, vouchingSchema, type PasskeyId, type VouchingId } from '../../../src/passkey/ids.js';
import { findPasskey, insertEnrolment, insertOffer, insertPasskey } from '../../../src/passkey/passkey.store.js';
import { userHandleOf } from '../../../src/passkey/registration.js';
import { vouchingHash } from '../../../src/passkey/vouching.js';
import {
  findVouching,
  insertVouching,
  insertWord,
  recordWord,
  statementOf,
} from '../../../src/passkey/vouching.store.js';
import { verifiedRegistration } from '../../../src/passkey/verify-registration.node.js';
import type { TestDatabase } from '../../support/database.js';
import { clinic } from '../warrant/stage.js';

export const rpId = 'localhost';
const origin = 'http://localhost:8080';
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

export interface Ballot {
  readonly action: ActionId;
  readonly approver: PersonId;
  readonly roles: readonly RoleName[];
  readonly verdict?: Verdict;
  readonly meaning: Meaning;
  /** Another proof than their passkey's. */
  readonly proof?: Proof;
  /** Of a fresh sign-in beside the passkey. */
  readonly idToken?: string;
}

export interface Voters {
  /** Enrols a passkey for one of the sandbox's people, with its leaf; its id. */
  enrol(name: string, person: PersonId): Promise<PasskeyId>;
  /** The word of one of them for somebody's passkey, with its leaf. */
  vouch(name: string, voucher: PersonId, passkey: PasskeyId): Promise<VouchingId>;
  /** A counted vote on the current revision, with its leaf. */
  vote(name: string, ballot: Ballot): Promise<{ readonly challenge: ChallengeId; readonly leaf: string }>;
  end(): void;
}

export function voters(db: TestDatabase): Voters {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-passkeys-'));

  return {
    end: () => rmSync(folder, { recursive: true, force: true }),

    async enrol(name, person) {
      const asked = { challenge: sha256(Buffer.from(person)), rpId, origin };
      const text = Buffer.from(asked.challenge).toString('base64url');
      const { transports, ...registration } = softwarePasskey(folder, name).create({
        challenge: text,
        rpId,
        origin,
        userHandle: userHandleOf(person),
      });
      const made = await verifiedRegistration(registration, { challenge: text, origin, rpId });
      if (!made) throw new Error('a registration that does not verify');
      const enrolment = passkeySchema.parse(randomUUID());
      const offer = { registration, idToken: 'header.payload.signature' };
      const offered = await inTenant(db.pool('api'), clinic, async (tx) => {
        await insertEnrolment(tx, enrolment, person);
        return insertOffer(tx, enrolment, person, offer);
      });
      await inTenant(db.pool('governance'), clinic, async (tx) => {
        if (offered === undefined) throw new Error('an offer that was not noted');
        await insertPasskey(tx, { enrolment, name: offered, ...made, rpId, transports });
        const hexOf = (bytes: Uint8Array) => digest(Buffer.from(sha256(bytes)).toString('hex'));
        await appendLeaf(tx, {
          kind: 'passkey.enrolled',
          key: enrolment,
          data: {
            passkey: enrolment,
            person,
            credential: hexOf(Buffer.from(made.credential, 'base64url')),
            publicKey: hexOf(made.publicKey),
            aaguid: made.aaguid,
            rpId,
            method: 'idp',
            nonce: 'nonce',
            proof: canonicalDigest(offer),
          },
        });
      });
      return enrolment;
    },

    async vouch(name, voucher, passkey) {
      const vouching = vouchingSchema.parse(randomUUID());
      const statement = await inTenant(db.pool('api'), clinic, async (tx) => {
        await insertVouching(tx, vouching, passkey, voucher);
        const row = await findVouching(tx, vouching);
        if (!row) throw new Error('no vouching');
        return statementOf(row);
      });
      const hash = vouchingHash(statement, sha256);
      const word = softwarePasskey(folder, name).get({ challenge: hash, rpId, origin });
      const noted = await inTenant(db.pool('api'), clinic, (tx) => insertWord(tx, vouching, voucher, word));
      await inTenant(db.pool('governance'), clinic, async (tx) => {
        const own = await findPasskey(tx, word.credentialId);
        if (noted === undefined || !own) throw new Error('a word that was not noted');
        const voucherPasskey = own.passkey;
        const refusal = await recordWord(tx, { vouching, name: noted, voucherPasskey, counter: 0 });
        if (refusal !== undefined) throw new Error(refusal);
        const { person } = statement;
        const about = { vouching, passkey, person, voucher, voucherPasskey, statement: hash };
        await appendLeaf(tx, {
          kind: 'passkey.vouched',
          key: vouching,
          data: { ...about, method: 'passkey', proof: canonicalDigest(word) },
        });
      });
      return vouching;
    },

    async vote(name, { action, approver, roles, verdict = 'approve', meaning, proof: other, idToken }) {
      const id = challenge(randomUUID());
      const decision: Decision = await inTenant(db.pool('api'), clinic, async (tx) => {
        const reasonCommitment = verdict === 'approve' ? null : '55'.repeat(32);
        const vote = { challenge: id, action, approver, verdict, meaning, reasonCommitment, actingRoles: roles };
        if (!(await insertChallenge(tx, vote))) throw new Error('nobody is asked');
        const row = await findChallenge(tx, id);
        if (!row) throw new Error('no challenge');
        return decisionOf(row);
      });
      const hash = decisionHash(decision, sha256);
      const assertion = softwarePasskey(folder, name).get({ challenge: hash, rpId, origin });
      const proof: Proof = other ?? { kind: 'passkey', ...assertion, ...(idToken !== undefined && { idToken }) };
      await inTenant(db.pool('api'), clinic, (tx) => insertReceipt(tx, id, proof));
      const leaf = await inTenant(db.pool('governance'), clinic, async (tx) => {
        const refusal = await insertVote(tx, id, roles, proof);
        if (refusal !== undefined) throw new Error(refusal);
        return appendLeaf(tx, {
          kind: 'vote.counted',
          action,
          key: id,
          data: {
            challenge: id,
            approver,
            roles: [...roles],
            verdict,
            meaning,
            decision: hash,
            method: proof.kind,
            proof: canonicalDigest(proof),
          },
        });
      });
      return { challenge: id, leaf: leaf.hash };
    },
  };
}
