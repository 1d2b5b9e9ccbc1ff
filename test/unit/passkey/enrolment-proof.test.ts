import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { person, tenant } from '../../../src/action/ids.js';
import { authenticatorDataOf } from '../../../src/passkey/ceremony.js';
import {
  checkEnrolmentToken,
  checkRegistration,
  requiredSignIn,
  type EnrolmentTokenFacts,
  type RegistrationFacts,
} from '../../../src/passkey/enrolment-proof.js';
import { passkeySchema } from '../../../src/passkey/ids.js';
import { enrolmentChallenge, enrolmentNonce, type Registration } from '../../../src/passkey/registration.js';
import { testRulebook } from '../../support/rulebook.js';
import { authenticatorBytes, challenge, clientDataJson, origin } from './ceremony-bytes.js';

const registration: Registration = {
  id: 'Y3JlZGVudGlhbA',
  clientDataJSON: clientDataJson('webauthn.create'),
  attestationObject: 'o2NmbXQ',
};

describe('a registration', () => {
  const right: RegistrationFacts = {
    registration,
    authenticator: authenticatorDataOf(authenticatorBytes()),
    challenge,
    rpIds: ['localhost'],
  };
  const clientData = (more: object) => ({ ...registration, clientDataJSON: clientDataJson('webauthn.create', more) });

  it('fits, and says at which of our sites the key was made', () => {
    expect(checkRegistration(right)).toEqual({ status: 'fits', origin, rpId: 'localhost' });
  });

  it.each<[what: string, change: Partial<RegistrationFacts>, code: string]>([
    ['that is an assertion', { registration: clientData({ type: 'webauthn.get' }) }, 'passkey.proof_invalid'],
    ['whose attestation is none', { authenticator: undefined }, 'passkey.proof_invalid'],
    ['of another enrolment', { challenge: 'A'.repeat(43) }, 'passkey.other_challenge'],
    ['of another page', { registration: clientData({ origin: 'https://evil.example' }) }, 'passkey.wrong_origin'],
    ['where no site is trusted', { rpIds: [] }, 'passkey.wrong_origin'],
    [
      'of another site',
      { authenticator: authenticatorDataOf(authenticatorBytes({ rpId: 'evil.example' })) },
      'passkey.wrong_origin',
    ],
    [
      'by a user who was not verified',
      { authenticator: authenticatorDataOf(authenticatorBytes({ flags: 0x41 })) },
      'passkey.not_verified_user',
    ],
  ])('%s does not', (_what, change, code) => {
    expect(checkRegistration({ ...right, ...change })).toEqual({ status: 'refused', code });
  });
});

describe('the sign-in for a key', () => {
  const openedAt = new Date('2026-03-01T09:00:00.900Z');
  const amara = { issuer: 'https://login.example', subject: 'amara' };
  const nonce = enrolmentNonce(challenge, registration, sha256);
  const right: EnrolmentTokenFacts = {
    token: { ...amara, nonce, authTime: openedAt.getTime() / 1000 - 0.9, acr: 'mfa', amr: [] },
    person: amara,
    nonce,
    openedAt,
    required: { method: 'idp', acr: ['mfa'], amr: ['pwd', 'otp'] },
  };
  const token = (more: Partial<EnrolmentTokenFacts['token']>) => ({ token: { ...right.token, ...more } });

  it('proves it when it is fresh, strong, the person’s own and for this key', () => {
    expect(checkEnrolmentToken(right)).toBeUndefined();
    expect(checkEnrolmentToken({ ...right, ...token({ acr: undefined, amr: ['otp', 'pwd'] }) })).toBeUndefined();
  });

  it.each<[what: string, change: Partial<EnrolmentTokenFacts>, code: string]>([
    ['of another person', token({ subject: 'ben' }), 'passkey.other_person'],
    ['of that subject elsewhere', token({ issuer: 'https://other.example' }), 'passkey.other_person'],
    ['for another key', token({ nonce: 'A'.repeat(43) }), 'passkey.other_registration'],
    ['of before', token({ authTime: right.token.authTime - 1 }), 'passkey.old_sign_in'],
    ['with one factor', token({ acr: 'pwd', amr: ['pwd'] }), 'passkey.weak_sign_in'],
    ['that the rulebook asks of nobody', { required: undefined }, 'passkey.weak_sign_in'],
    [
      'where only passkeys are strong enough',
      { required: { method: 'passkey', fresh: false } },
      'passkey.weak_sign_in',
    ],
  ])('%s does not', (_what, change, code) => {
    expect(checkEnrolmentToken({ ...right, ...change })).toBe(code);
  });

  it('is as strong as one that casts a vote itself', () => {
    expect(requiredSignIn(testRulebook())).toMatchObject({ method: 'idp', acr: ['urn:countersign:acr:mfa'] });
  });
});

describe('the nonce of an enrolment', () => {
  it('is SHA-256 over challenge, credential, client data and attestation, one a line', () => {
    // printf 'countersign-enrolment-proof/v1\nc\ni\nd\na' | openssl dgst -sha256 -binary | basenc --base64url
    const made = { id: 'i', clientDataJSON: 'd', attestationObject: 'a' };
    expect(enrolmentNonce('c', made, sha256)).toBe('vaP-iyvjA3H05xUonR1fpB0-LGPbBRqjW4bIvqsr2xE');
  });

  it.each<[what: string, change: Partial<Registration>]>([
    ['credential', { id: 'other' }],
    ['client data', { clientDataJSON: 'other' }],
    ['attestation', { attestationObject: 'other' }],
  ])('is another for another %s', (_what, change) => {
    const other = enrolmentNonce(challenge, { ...registration, ...change }, sha256);
    expect(other).not.toBe(enrolmentNonce(challenge, registration, sha256));
  });

  it('is another for another challenge, and a challenge for another person, enrolment, tenant or moment', () => {
    const enrolment = {
      tenant: tenant('clinic'),
      enrolment: passkeySchema.parse('00000000-0000-4000-8000-000000000001'),
      person: person('00000000-0000-4000-8000-000000000002'),
      openedAt: new Date('2026-03-01T09:00:00.123Z'),
    };
    const challenges = [
      enrolment,
      { ...enrolment, tenant: tenant('elsewhere') },
      { ...enrolment, enrolment: passkeySchema.parse('00000000-0000-4000-8000-000000000003') },
      { ...enrolment, person: person('00000000-0000-4000-8000-000000000003') },
      { ...enrolment, openedAt: new Date('2026-03-01T09:00:00.124Z') },
    ].map((each) => enrolmentChallenge(each, sha256));
    expect(new Set(challenges).size).toBe(5);
    expect(new Set(challenges.map((each) => enrolmentNonce(each, registration, sha256))).size).toBe(5);
  });
});
