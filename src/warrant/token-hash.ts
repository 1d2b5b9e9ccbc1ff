import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { digest, type Digest } from '../action/ids.js';

/** What the row keeps of a token: SHA-256 of its compact form. The token itself travels only encrypted. */
export function tokenHash(token: string): Digest {
  return digest(bytesToHex(sha256(utf8ToBytes(token))));
}
