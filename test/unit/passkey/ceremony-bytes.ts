/** The bytes of a ceremony, right in everything but what a test changes. */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../../../src/audit/bytes.js';
import { base64url } from '../../../src/passkey/base64url.js';

const rpId = 'localhost';
export const origin = 'http://localhost:8787';
export const challenge = base64url(new Uint8Array(32).fill(7));

export function clientDataJson(kind: 'webauthn.create' | 'webauthn.get', more: object = {}): string {
  return base64url(utf8(JSON.stringify({ type: kind, challenge, origin, crossOrigin: false, ...more })));
}

interface Authenticator {
  readonly rpId?: string;
  /** User present 0x01, user verified 0x04. */
  readonly flags?: number;
  readonly counter?: number;
}

export function authenticatorBytes({ rpId: of = rpId, flags = 0x05, counter = 0 }: Authenticator = {}): Uint8Array {
  const bytes = new Uint8Array(37);
  bytes.set(sha256(utf8(of)));
  new DataView(bytes.buffer).setUint8(32, flags);
  new DataView(bytes.buffer).setUint32(33, counter);
  return bytes;
}
