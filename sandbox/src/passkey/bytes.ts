/** The bytes of WebAuthn Level 3: client data, authenticator data, attestation object. */
import { createHash } from 'node:crypto';
import { encodeCBOR, type CBORType } from '@levischuck/tiny-cbor';

export type Ceremony = 'webauthn.create' | 'webauthn.get';

/** §5.8.1.1: what a browser hands to the authenticator, in the order in which it writes it down. */
export function clientDataBytes(
  type: Ceremony,
  { challenge, origin }: { readonly challenge: string; readonly origin: string },
): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

export interface AuthenticatorState {
  readonly rpId: string;
  readonly userVerified: boolean;
  readonly counter: number;
}

export interface PublicKey {
  /** Coordinates on P-256, base64url. */
  readonly x: string;
  readonly y: string;
}

export interface NewCredential {
  /** base64url. */
  readonly credentialId: string;
  readonly publicKey: PublicKey;
}

/** §6.1, Table 4. The key is eligible for backup and backed up, as every passkey is that a platform syncs. */
const flags = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 };

/** §6.1; with a credential as it is made (§6.5.1), without one as it is used. */
export function authenticatorData({ rpId, userVerified, counter }: AuthenticatorState, made?: NewCredential): Buffer {
  const head = Buffer.alloc(5);
  const always = flags.userPresent | flags.backupEligible | flags.backedUp;
  head.writeUInt8(always | (userVerified ? flags.userVerified : 0) | (made ? flags.attested : 0), 0);
  head.writeUInt32BE(counter, 1);
  return Buffer.concat([sha256(Buffer.from(rpId)), head, ...(made ? attestedCredential(made) : [])]);
}

/** §6.5.4 with format `none` (§8.7): nobody vouches for the make of this authenticator. */
export function attestationObject(authData: Buffer): Buffer {
  const members: readonly [string, CBORType][] = [
    ['fmt', 'none'],
    ['attStmt', new Map<string, CBORType>()],
    ['authData', Uint8Array.from(authData)],
  ];
  return Buffer.from(encodeCBOR(new Map<string, CBORType>(members)));
}

/** §6.3.3: what an assertion signs. */
export function signedBytes(authData: Buffer, clientData: Buffer): Buffer {
  return Buffer.concat([authData, sha256(clientData)]);
}

function attestedCredential({ credentialId, publicKey }: NewCredential): readonly Buffer[] {
  const noModel = Buffer.alloc(16);
  const id = Buffer.from(credentialId, 'base64url');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(id.length);
  return [noModel, length, id, coseKey(publicKey)];
}

/** RFC 9053 §7.1.1: EC2, ES256, P-256. */
function coseKey({ x, y }: PublicKey): Buffer {
  const members: readonly [number, CBORType][] = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
    [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
  ];
  return Buffer.from(encodeCBOR(new Map<number, CBORType>(members)));
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
