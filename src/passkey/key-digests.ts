import { sha256 } from '@noble/hashes/sha2.js';
import { digest, type Digest } from '../action/ids.js';
import { hex } from '../audit/bytes.js';
import { unbase64url } from './base64url.js';

export interface KeyDigests {
  readonly credential: Digest;
  readonly publicKey: Digest;
}

/** SHA-256 of a credential id's and of a COSE key's bytes: what the log holds of a passkey, and people vouch for. */
export function keyDigests(of: { readonly credential: string; readonly publicKey: Uint8Array }): KeyDigests {
  const digestOf = (bytes: Uint8Array): Digest => digest(hex(sha256(bytes)));
  return { credential: digestOf(unbase64url(of.credential) ?? new Uint8Array()), publicKey: digestOf(of.publicKey) };
}
