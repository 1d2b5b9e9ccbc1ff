/** A passkey whose authenticator is this file: real WebAuthn bytes, no hardware and no person behind them. */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { join } from 'node:path';
import { sandboxPeople } from '../idp/people.js';
import { attestationObject, authenticatorData, clientDataBytes, signedBytes } from './bytes.js';
import { keepKey, onlyRpId, readKey, type PasskeyKey } from './key-file.js';

/** What a page asks a browser for. */
export interface Ask {
  /** base64url; signed as it is. */
  readonly challenge: string;
  readonly rpId: string;
  /** Of the page. Not held against `rpId`, as a browser would: a test may say what a foreign page would. */
  readonly origin: string;
}

/** The parts of a RegistrationResponseJSON that count; binary ones in base64url. */
export interface CreatedPasskey {
  readonly id: string;
  readonly clientDataJSON: string;
  /** Attestation `none`, ES256. */
  readonly attestationObject: string;
  readonly transports: readonly string[];
}

/** All in base64url. */
export interface PasskeyAssertion {
  readonly credentialId: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  /** ECDSA over SHA-256, DER. */
  readonly signature: string;
  readonly userHandle: string;
}

export interface SoftwarePasskey {
  /** A new key; it takes the place of an earlier one. `userHandle` is base64url. @throws Error for another rpId than localhost. */
  create(of: Ask & { readonly userHandle: string }): CreatedPasskey;
  /** @throws Error when nothing was created for this rpId. */
  get(of: Ask): PasskeyAssertion;
  /** Whether it holds a key for this relying party. */
  holds(rpId: string): boolean;
}

export interface PasskeyOptions {
  /** Counts its uses, as a security key does. Otherwise the counter is always 0, as of passkeys that a platform syncs. */
  readonly counts?: boolean;
  /** False: it asks for no PIN and no finger, and says so. */
  readonly verifiesUser?: boolean;
}

/**
 * The passkey of one sandbox person. Its key lies in `<stateDir>/passkeys/<person>.json` and outlives a restart.
 *
 * @throws Error when the person is none of the sandbox.
 */
export function softwarePasskey(
  stateDir: string,
  person: string,
  { counts = false, verifiesUser = true }: PasskeyOptions = {},
): SoftwarePasskey {
  if (!sandboxPeople.some(({ sub }) => sub === person)) throw new Error('no such sandbox person');
  const file = join(stateDir, 'passkeys', `${person}.json`);
  const keyFor = (rpId: string): PasskeyKey | undefined => (rpId === onlyRpId ? readKey(file) : undefined);

  return {
    holds: (rpId) => keyFor(rpId) !== undefined,

    create: ({ challenge, rpId, origin, userHandle }) => {
      if (rpId !== onlyRpId) throw new Error('a software passkey is made for localhost alone');
      checkBase64url(challenge);
      checkBase64url(userHandle);
      const key = newKey(userHandle);
      keepKey(file, key);
      const state = { rpId, userVerified: verifiesUser, counter: key.counter };
      const authData = authenticatorData(state, { credentialId: key.id, publicKey: key.privateKey });
      return {
        id: key.id,
        clientDataJSON: clientDataBytes('webauthn.create', { challenge, origin }).toString('base64url'),
        attestationObject: attestationObject(authData).toString('base64url'),
        transports: ['internal', 'hybrid'],
      };
    },

    get: ({ challenge, rpId, origin }) => {
      const key = keyFor(rpId);
      if (!key) throw new Error('no passkey was created for this site');
      checkBase64url(challenge);
      const counter = counts ? key.counter + 1 : 0;
      if (counts) keepKey(file, { ...key, counter });
      const clientData = clientDataBytes('webauthn.get', { challenge, origin });
      const authData = authenticatorData({ rpId, userVerified: verifiesUser, counter });
      const privateKey = createPrivateKey({ key: key.privateKey, format: 'jwk' });
      return {
        credentialId: key.id,
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', signedBytes(authData, clientData), privateKey).toString('base64url'),
        userHandle: key.userHandle,
      };
    },
  };
}

function newKey(userHandle: string): PasskeyKey {
  const { kty, crv, x, y, d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined || d === undefined)
    throw new Error('the platform made another key than was asked for');
  const id = randomBytes(32).toString('base64url');
  return { rpId: onlyRpId, id, userHandle, counter: 0, privateKey: { kty, crv, x, y, d } };
}

/** @throws Error for standard base64, padding and raw bytes, which a relying party would read as something else. */
function checkBase64url(text: string): void {
  if (!/^[\w-]+$/.test(text)) throw new Error('challenge and userHandle are base64url without padding');
}
