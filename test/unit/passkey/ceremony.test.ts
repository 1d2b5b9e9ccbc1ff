import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../../src/audit/bytes.js';
import { base64url, unbase64url } from '../../../src/passkey/base64url.js';
import {
  authenticatorDataOf,
  checkCeremony,
  clientDataOf,
  rpIdOf,
  type CeremonyFacts,
} from '../../../src/passkey/ceremony.js';
import { authenticatorBytes, challenge, clientDataJson, origin } from './ceremony-bytes.js';

const data = (more: object = {}) => clientDataOf(clientDataJson('webauthn.get', more));
const held: CeremonyFacts = {
  kind: 'webauthn.get',
  challenge,
  clientData: data(),
  authenticator: authenticatorDataOf(authenticatorBytes()),
  rpIds: ['clinic.example', 'localhost'],
};

describe('a ceremony', () => {
  it('of the right kind, for the challenge, at one of our sites, by a verified user counts', () => {
    expect(checkCeremony(held)).toBeUndefined();
  });

  it.each<[what: string, change: Partial<CeremonyFacts>, refusal: string]>([
    ['of the other kind', { kind: 'webauthn.create' }, 'proof_invalid'],
    ['without client data', { clientData: undefined }, 'proof_invalid'],
    ['without authenticator data', { authenticator: undefined }, 'proof_invalid'],
    ['for another challenge', { challenge: 'A'.repeat(43) }, 'other_challenge'],
    [
      'whose challenge is spelled with padding',
      { clientData: data({ challenge: `${challenge}=` }) },
      'other_challenge',
    ],
    ['at another site', { clientData: data({ origin: 'http://localhost.evil.example' }) }, 'wrong_origin'],
    ['at a site that nobody names', { rpIds: [] }, 'wrong_origin'],
    [
      'whose authenticator served another site',
      { authenticator: authenticatorDataOf(authenticatorBytes({ rpId: 'clinic.example' })) },
      'wrong_origin',
    ],
    [
      'without a user',
      { authenticator: authenticatorDataOf(authenticatorBytes({ flags: 0x04 })) },
      'not_verified_user',
    ],
    [
      'by a user who only touched',
      { authenticator: authenticatorDataOf(authenticatorBytes({ flags: 0x01 })) },
      'not_verified_user',
    ],
  ])('%s does not', (_what, change, refusal) => {
    expect(checkCeremony({ ...held, ...change })).toBe(refusal);
  });
});

describe('a site', () => {
  const at = (asked: object) =>
    rpIdOf({ type: 'webauthn.get', challenge, origin, ...asked }, ['clinic.example', 'localhost']);

  it.each([
    ['https://clinic.example', 'clinic.example'],
    ['https://clinic.example:8443', 'clinic.example'],
    ['http://localhost:8787', 'localhost'],
    ['https://localhost', 'localhost'],
  ])('is known by the host of its own page: %s', (address, rpId) => {
    expect(at({ origin: address })).toBe(rpId);
  });

  it.each([
    ['in clear', { origin: 'http://clinic.example' }],
    ['that is a part of ours', { origin: 'https://ward.clinic.example' }],
    ['that is the whole of ours', { origin: 'https://example' }],
    ['with a path', { origin: 'https://clinic.example/' }],
    ['with a user', { origin: 'https://clinic.example@evil.example' }],
    ['of another scheme', { origin: 'android:apk-key-hash:clinic.example' }],
    ['in other letters', { origin: 'https://CLINIC.example' }],
    ['that is none', { origin: 'clinic.example' }],
    ['inside a foreign frame', { origin: 'https://clinic.example', crossOrigin: true }],
    ['inside a frame that names its top', { origin: 'https://clinic.example', topOrigin: 'https://clinic.example' }],
  ])('%s is none of ours', (_what, asked) => {
    expect(at(asked)).toBeUndefined();
  });
});

describe('bytes from an authenticator', () => {
  it.each([
    ['no base64url', 'e30='],
    ['no JSON', base64url(utf8('{'))],
    ['no UTF-8', base64url(Uint8Array.of(0x7b, 0xff, 0x7d))],
    ['no object', base64url(utf8('[]'))],
    ['without an origin', base64url(utf8('{"type":"webauthn.get","challenge":"x"}'))],
    ['with a frame that is no boolean', clientDataJson('webauthn.get', { crossOrigin: 'false' })],
  ])('that are %s are no client data', (_what, text) => {
    expect(clientDataOf(text)).toBeUndefined();
  });

  it('say presence, verification and count; fewer than 37 say nothing', () => {
    const bytes = authenticatorBytes({ flags: 0x45, counter: 4_000_000_000 });
    expect(authenticatorDataOf(bytes)).toMatchObject({ userPresent: true, userVerified: true, counter: 4_000_000_000 });
    expect(authenticatorDataOf(bytes.slice(0, 36))).toBeUndefined();
  });

  it('have one spelling in base64url', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = base64url(bytes);
        expect(text).toMatch(/^[\w-]*$/);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(unbase64url(text)).toEqual(bytes);
      }),
    );
    expect(unbase64url('AB')).toBeUndefined(); // the same byte as AA
    expect(unbase64url('A')).toBeUndefined();
  });
});
