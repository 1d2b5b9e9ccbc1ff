import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { challenge, digest, role, type PersonId, type RoleName } from '../../../src/action/ids.js';
import { decisionHash, type Decision, type Meaning } from '../../../src/approval/decision.js';
import type { PasskeyProof } from '../../../src/approval/envelope.js';
import { isApproved, type Asked, type Bound, type StoredApproval } from '../../../src/approval/reverify.js';
import { action, tenant } from '../../../src/action/ids.js';
import { canonicalDigest, hex } from '../../../src/audit/bytes.js';
import { base64url } from '../../../src/passkey/base64url.js';
import { passkeySchema } from '../../../src/passkey/ids.js';
import { authenticatorBytes, clientDataJson } from '../passkey/ceremony-bytes.js';
import { wordFor } from '../passkey/words.js';
import { personOf } from './people.js';

const bound: Bound = {
  tenant: tenant('clinic'),
  action: action('a'.repeat(26)),
  revision: 2,
  requestCommitment: digest('11'.repeat(32)),
  displayCommitment: digest('22'.repeat(32)),
  rulebook: digest('33'.repeat(32)),
  tier: 'T2',
};
const asked: Asked = {
  needs: {
    status: 'quorum',
    factors: [
      { role: role('clinician'), count: 1, order: true },
      { role: role('senior_clinician'), or: [role('pharmacist')], count: 1 },
    ],
  },
  proof: { method: 'passkey', fresh: false },
  rpIds: ['localhost'],
};
const digestOf = (bytes: Uint8Array) => digest(hex(sha256(bytes)));

interface Cast {
  readonly approver: PersonId;
  readonly acting: RoleName;
  readonly meaning: Meaning;
  readonly id: string;
}

/** A vote as it should be: leaf, decision, proof and key agree. */
function approval({ approver, acting, meaning, id }: Cast, more: Partial<Decision> = {}): StoredApproval {
  const decision: Decision = {
    v: 1,
    ...bound,
    verdict: 'approve',
    meaning,
    reasonCommitment: null,
    approver,
    actingRoles: [acting],
    challenge: challenge(`00000000-0000-4000-8000-0000000001${id}`),
    decidedAt: '2026-03-01T09:00:00.123Z',
    ...more,
  };
  const hash = decisionHash(decision, sha256);
  const credential = new Uint8Array(16).fill(Number.parseInt(id, 10));
  const publicKey = Buffer.from([1, 2, 3]);
  const proof: PasskeyProof = {
    kind: 'passkey',
    credentialId: base64url(credential),
    clientDataJSON: clientDataJson('webauthn.get', { challenge: hash }),
    authenticatorData: base64url(authenticatorBytes()),
    signature: 'c2lnbmF0dXJl',
  };
  const passkey = passkeySchema.parse(`00000000-0000-4000-8000-0000000002${id}`);
  return {
    index: 100,
    words: [],
    decision,
    proof,
    leaf: {
      challenge: decision.challenge,
      approver,
      roles: [acting],
      verdict: decision.verdict,
      meaning,
      decision: hash,
      method: 'passkey',
      proof: canonicalDigest(proof),
    },
    passkey: {
      signed: true,
      row: {
        passkey,
        person: approver,
        credential: proof.credentialId,
        publicKey,
        aaguid: '00000000-0000-0000-0000-000000000000',
        rpId: 'localhost',
        transports: [],
        enrolledAt: new Date(0),
        lastUsedAt: null,
        revokedAt: null,
      },
      enrolled: {
        passkey,
        person: approver,
        credential: digestOf(credential),
        publicKey: digestOf(publicKey),
        aaguid: '00000000-0000-0000-0000-000000000000',
        rpId: 'localhost',
        method: 'idp',
        nonce: 'nonce',
        proof: digest('44'.repeat(32)),
      },
    },
  };
}

const orderer: Cast = { approver: personOf('ada'), acting: role('clinician'), meaning: 'approve.order', id: '01' };
const senior: Cast = {
  approver: personOf('bo'),
  acting: role('senior_clinician'),
  meaning: 'approve.access',
  id: '02',
};
const order = approval(orderer);
const seat = approval(senior);
const { passkey: key } = seat;
if (!key) throw new Error('no key');
const withKey = (change: object): StoredApproval => ({ ...seat, passkey: { ...key, ...change } });
const enrolled = (change: object): StoredApproval => withKey({ enrolled: { ...key.enrolled, ...change } });
const inRow = (change: object): StoredApproval => withKey({ row: { ...key.row, ...change } });
const inLeaf = (change: object): StoredApproval => ({ ...seat, leaf: { ...seat.leaf, ...change } });
const inProof = (change: object): StoredApproval => {
  const proof = { ...Object(seat.proof), ...change };
  return { ...seat, proof, leaf: { ...seat.leaf, proof: canonicalDigest(proof) } };
};

describe('the votes under a warrant', () => {
  it('carry it when each is genuine and together they fill the quorum', () => {
    expect(isApproved([order, seat], bound, asked)).toBe(true);
  });

  it.each<[what: string, votes: readonly StoredApproval[]]>([
    ['none', []],
    ['one of two', [seat]],
    ['one twice', [seat, seat]],
    ['an order alone', [order]],
    ['two seats and no order', [seat, approval({ ...senior, approver: personOf('cy'), id: '03' })]],
    ['one person for both', [order, approval({ ...senior, approver: orderer.approver, id: '03' })]],
    ['a third one that is a no', [order, seat, { ...inLeaf({ verdict: 'deny' }) }]],
  ])('do not when they are %s', (_what, votes) => {
    expect(isApproved(votes, bound, asked)).toBe(false);
  });

  it.each<[what: string, change: Partial<Decision>]>([
    ['tenant', { tenant: tenant('hospital') }],
    ['action', { action: action('b'.repeat(26)) }],
    ['revision', { revision: 1 }],
    ['request', { requestCommitment: digest('99'.repeat(32)) }],
    ['shown text', { displayCommitment: digest('99'.repeat(32)) }],
    ['rulebook', { rulebook: digest('99'.repeat(32)) }],
    ['tier', { tier: 'T1' }],
  ])('count for nothing when one was for another %s', (_what, change) => {
    expect(isApproved([order, approval(senior, change)], bound, asked)).toBe(false);
  });

  it.each<[what: string, vote: StoredApproval]>([
    [
      'whose decision is another one than the leaf’s',
      { ...seat, decision: { ...seat.decision, decidedAt: '2026-03-01T09:00:00.124Z' } },
    ],
    ['whose leaf names another person', inLeaf({ approver: personOf('cy') })],
    ['whose leaf names another challenge', inLeaf({ challenge: order.leaf.challenge })],
    ['whose leaf gives another verdict', inLeaf({ verdict: 'request_changes' })],
    ['whose leaf gives another meaning', inLeaf({ meaning: 'approve.responsible' })],
    [
      'whose leaf gives roles that were not acted in',
      inLeaf({ roles: [role('senior_clinician'), role('pharmacist')] }),
    ],
    ['whose leaf gives another method', inLeaf({ method: 'idp' })],
    ['whose proof is another one than the leaf’s', { ...seat, proof: { ...Object(seat.proof), signature: 'b3RoZXI' } }],
    ['of an unknown passkey', { ...seat, passkey: undefined }],
    ['that no key signed', withKey({ signed: false })],
    ['of a passkey that is revoked', inRow({ revokedAt: new Date(1) })],
    ['of somebody else’s passkey', inRow({ person: personOf('cy') })],
    ['of a passkey with another key than was enrolled', inRow({ publicKey: Buffer.from([4]) })],
    ['of a passkey of another site', inRow({ rpId: 'elsewhere.example' })],
    ['of a passkey that somebody else enrolled', enrolled({ person: personOf('cy') })],
    ['of a credential that was not enrolled', enrolled({ credential: digest('99'.repeat(32)) })],
    ['of another passkey’s enrolment', enrolled({ passkey: approval(orderer).passkey?.enrolled.passkey })],
    [
      'for another decision',
      inProof({ clientDataJSON: clientDataJson('webauthn.get', { challenge: 'A'.repeat(43) }) }),
    ],
    ['of a user who was not verified', inProof({ authenticatorData: base64url(authenticatorBytes({ flags: 0x01 })) })],
    [
      'by a sign-in alone',
      {
        ...seat,
        proof: { kind: 'idp', idToken: 'a.b.c' },
        leaf: { ...seat.leaf, method: 'idp', proof: canonicalDigest({ kind: 'idp', idToken: 'a.b.c' }) },
      },
    ],
  ])('do not carry it with one %s', (_what, vote) => {
    expect(isApproved([order, vote], bound, asked)).toBe(false);
  });

  it('need not come from passkeys where the tier asks for a sign-in', () => {
    const proof = { kind: 'idp', idToken: 'a.b.c' } as const;
    const vote: StoredApproval = {
      ...seat,
      proof,
      passkey: undefined,
      leaf: { ...seat.leaf, method: 'idp', proof: canonicalDigest(proof) },
    };
    const signIn: Asked = { ...asked, proof: { method: 'idp', acr: [], amr: ['mfa'] } };
    expect(isApproved([order, vote], bound, signIn)).toBe(true);
  });

  it('come with a sign-in of their own where the tier asks for a fresh one', () => {
    const fresh: Asked = { ...asked, proof: { method: 'passkey', fresh: true } };
    expect(isApproved([order, seat], bound, fresh)).toBe(false);
  });

  describe('at T3', () => {
    const grave: Bound = { ...bound, tier: 'T3' };
    const [ordered, seated] = [approval(orderer, { tier: 'T3' }), approval(senior, { tier: 'T3' })];
    const keyOf = ({ passkey }: StoredApproval) => {
      if (!passkey) throw new Error('no key');
      return passkey;
    };
    /** The orderer's passkey has the first word of the log, by the senior's, whose own is vouched for by the orderer's. */
    const first = wordFor(keyOf(ordered), { by: keyOf(seated), index: 10, first: true });
    const second = wordFor(keyOf(seated), { by: keyOf(ordered), index: 11 });
    const [order, seat] = [
      { ...ordered, words: [first] },
      { ...seated, words: [second, first] },
    ];

    it('carry it with passkeys that somebody vouched for', () => {
      expect(isApproved([order, seat], grave, asked)).toBe(true);
    });

    it.each<[what: string, vote: StoredApproval]>([
      ['for which nobody vouched', { ...seat, words: [] }],
      ['for which the word came after the vote', { ...seat, index: 11 }],
      ['with the word for another', { ...seat, words: [first] }],
      ['with a word that leads to no first one', { ...seat, words: [second] }],
    ])('do not with one %s', (_what, vote) => {
      expect(isApproved([order, vote], grave, asked)).toBe(false);
    });
  });

  it('never carry anything where nobody is asked', () => {
    expect(isApproved([], bound, { ...asked, needs: { status: 'nobody' } })).toBe(false);
  });
});
