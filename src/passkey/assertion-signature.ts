/**
 * Whether a key made the signature of an assertion (WebAuthn Level 3 §7.2, steps 20 and 21). Pure, so that a stranger can
 * ask it of evidence, without our server and without Node. Gateways ask a library; a vote that counts has passed both.
 */
import { decodeCBOR } from '@levischuck/tiny-cbor';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Assertion } from './assertion.js';
import { unbase64url } from './base64url.js';
import { rsaSigned } from './rsa-signature.js';

type Signed = Pick<Assertion, 'clientDataJSON' | 'authenticatorData' | 'signature'>;

/** @param publicKey COSE_Key (RFC 9052 §7) of one of the algorithms that enrolment takes. */
export function isSignedBy(publicKey: Uint8Array, { clientDataJSON, authenticatorData, signature }: Signed): boolean {
  const parts = [clientDataJSON, authenticatorData, signature].map(unbase64url);
  const [client, authenticator, made] = parts;
  if (!client || !authenticator || !made) return false;
  const message = Uint8Array.from([...authenticator, ...sha256(client)]);
  try {
    return signatureHolds(coseKey(publicKey), message, made);
  } catch {
    return false; // a key or signature of another shape; the curves throw for it
  }
}

/** Members by their labels: RFC 9053 §7 for curves, RFC 8230 §4 for RSA. */
type CoseKey = (label: number) => unknown;

function coseKey(bytes: Uint8Array): CoseKey {
  const decoded = decodeCBOR(bytes);
  if (!(decoded instanceof Map)) throw new TypeError('not a COSE_Key');
  const members = new Map<unknown, unknown>(decoded);
  return (label) => members.get(label);
}

const [kty, alg, crv, x, y, n, e] = [1, 3, -1, -2, -3, -1, -2] as const;

function signatureHolds(key: CoseKey, message: Uint8Array, signature: Uint8Array): boolean {
  const is = (...asked: readonly (readonly [label: number, value: number])[]): boolean =>
    asked.every(([label, value]) => key(label) === value);
  if (is([kty, 2], [alg, -7], [crv, 1])) {
    const point = Uint8Array.from([4, ...bytesOf(key(x), 32), ...bytesOf(key(y), 32)]);
    return p256.verify(signature, message, point, { format: 'der', lowS: false, prehash: true });
  }
  if (is([kty, 1], [alg, -8], [crv, 6])) return ed25519.verify(signature, message, bytesOf(key(x), 32));
  if (is([kty, 3], [alg, -257]))
    return rsaSigned({ n: bytesOf(key(n)), e: bytesOf(key(e)) }, sha256(message), signature);
  return false;
}

function bytesOf(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw new TypeError('not a number of this key');
  return value;
}
