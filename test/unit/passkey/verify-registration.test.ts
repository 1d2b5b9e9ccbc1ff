import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeAttestationObject, isoCBOR } from '@simplewebauthn/server/helpers';
import { softwarePasskey } from '@countersign/sandbox';
import { registrationSchema, type Registration } from '../../../src/passkey/registration.js';
import { attestedData, verifiedRegistration } from '../../../src/passkey/verify-registration.node.js';
import { challenge, origin } from './ceremony-bytes.js';

const stateDir = mkdtempSync(join(tmpdir(), 'passkeys-'));
afterAll(() => rmSync(stateDir, { recursive: true }));

const rpId = 'localhost';
const asked = { challenge, origin, rpId };
const made = registrationSchema.parse(softwarePasskey(stateDir, 'amara').create({ ...asked, userHandle: 'YW1hcmE' }));

/** The same key under another attestation. */
function attested(format: string, statement: ReadonlyMap<string, unknown>): Registration {
  const { attestationObject } = made;
  const authData = decodeAttestationObject(Uint8Array.from(Buffer.from(attestationObject, 'base64url'))).get(
    'authData',
  );
  const bytes = isoCBOR.encode(
    new Map<string, never>(Object.entries({ fmt: format, attStmt: statement, authData }) as [string, never][]),
  );
  return { ...made, attestationObject: Buffer.from(bytes).toString('base64url') };
}

function cut(count: number): Registration {
  const bytes = Buffer.from(made.attestationObject, 'base64url');
  return { ...made, attestationObject: bytes.subarray(0, bytes.length - count).toString('base64url') };
}

describe('a registration', () => {
  it('gives the credential, its key and its count', async () => {
    expect(await verifiedRegistration(made, asked)).toMatchObject({
      credential: made.id,
      counter: 0,
      aaguid: '00000000-0000-0000-0000-000000000000',
    });
    expect(attestedData(made.attestationObject)).toMatchObject({ userPresent: true, userVerified: true, counter: 0 });
  });

  it.each<[what: string, registration: Registration]>([
    ['under another key id', { ...made, id: 'AAAA' }],
    ['with a chain of certificates', attested('packed', new Map([['x5c', [new Uint8Array(8)]]]))],
    [
      'with a self-attestation that does not fit',
      attested(
        'packed',
        new Map<string, unknown>([
          ['alg', -7],
          ['sig', new Uint8Array(64)],
        ]),
      ),
    ],
    ['of a format that we did not ask for', attested('fido-u2f', new Map())],
    ['that was cut', cut(1)],
    ['that is no CBOR', { ...made, attestationObject: 'AAAA' }],
  ])('%s gives none', async (_what, registration) => {
    expect(await verifiedRegistration(registration, asked)).toBeUndefined();
  });

  it.each([
    ['another challenge', { challenge: 'A'.repeat(43) }],
    ['another page', { origin: 'https://evil.example' }],
    ['another site', { rpId: 'evil.example' }],
  ])('for %s gives none', async (_what, other) => {
    expect(await verifiedRegistration(made, { ...asked, ...other })).toBeUndefined();
  });

  it.each(['', 'AAAA', 'oA'])('without an attestation object says nothing: %j', (text) => {
    expect(attestedData(text)).toBeUndefined();
  });
});
