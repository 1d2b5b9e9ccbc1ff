import { describe, expect, it } from '@jest/globals';
import { person } from '../../../src/action/ids.js';
import { checkPasskeyProof, type PasskeyProofFacts } from '../../../src/approval/passkey-proof.js';
import type { Assertion } from '../../../src/passkey/assertion.js';
import { base64url } from '../../../src/passkey/base64url.js';
import { userHandleOf } from '../../../src/passkey/registration.js';
import { authenticatorBytes, challenge as hash, clientDataJson } from './ceremony-bytes.js';

const amara = person('00000000-0000-4000-8000-000000000001');
const ben = person('00000000-0000-4000-8000-000000000002');
const passkey = { person: amara, rpId: 'localhost', revokedAt: null };
const assertion: Assertion = {
  credentialId: 'Y3JlZGVudGlhbA',
  clientDataJSON: clientDataJson('webauthn.get'),
  authenticatorData: base64url(authenticatorBytes()),
  signature: 'c2lnbmF0dXJl',
  userHandle: userHandleOf(amara),
};
const right: PasskeyProofFacts = {
  assertion,
  passkey,
  approver: amara,
  hash,
  rpIds: ['clinic.example', 'localhost'],
  signed: true,
};
const asserted = (more: Partial<Assertion>) => ({ assertion: { ...assertion, ...more } });
const clientData = (more: object) => asserted({ clientDataJSON: clientDataJson('webauthn.get', more) });
const authenticator = (more: Parameters<typeof authenticatorBytes>[0]) =>
  asserted({ authenticatorData: base64url(authenticatorBytes(more)) });

describe('an assertion', () => {
  it('proves the vote of the person whose passkey made it', () => {
    expect(checkPasskeyProof(right)).toBeUndefined();
  });

  it('need not name the person: many authenticators do not', () => {
    const { userHandle: _, ...silent } = assertion;
    expect(checkPasskeyProof({ ...right, assertion: silent })).toBeUndefined();
  });

  it.each<[what: string, change: Partial<PasskeyProofFacts>, code: string]>([
    ['by a key that was never enrolled', { passkey: undefined }, 'vote.unknown_passkey'],
    ['by another person’s key', { passkey: { ...passkey, person: ben } }, 'vote.other_person'],
    ['by a revoked key', { passkey: { ...passkey, revokedAt: new Date(0) } }, 'vote.revoked_passkey'],
    ['that names another person', asserted({ userHandle: userHandleOf(ben) }), 'vote.other_person'],
    ['of another decision', { hash: 'A'.repeat(43) }, 'vote.other_decision'],
    ['that is a registration', clientData({ type: 'webauthn.create' }), 'vote.proof_invalid'],
    ['without client data', asserted({ clientDataJSON: 'e30' }), 'vote.proof_invalid'],
    ['with half its authenticator data', asserted({ authenticatorData: 'AAAA' }), 'vote.proof_invalid'],
    ['with authenticator data of a second spelling', asserted({ authenticatorData: 'AB' }), 'vote.proof_invalid'],
    ['at another site', clientData({ origin: 'https://evil.example' }), 'vote.wrong_origin'],
    ['in a foreign frame', clientData({ crossOrigin: true }), 'vote.wrong_origin'],
    ['for another site', authenticator({ rpId: 'evil.example' }), 'vote.wrong_origin'],
    ['at a site of ours that is not the key’s', clientData({ origin: 'https://clinic.example' }), 'vote.wrong_origin'],
    ['at a site that is no longer trusted', { rpIds: ['clinic.example'] }, 'vote.wrong_origin'],
    ['by a user who was not verified', authenticator({ flags: 0x01 }), 'vote.not_verified_user'],
    ['whose signature does not fit', { signed: false }, 'vote.proof_invalid'],
  ])('%s does not', (_what, change, code) => {
    expect(checkPasskeyProof({ ...right, ...change })).toBe(code);
  });
});
