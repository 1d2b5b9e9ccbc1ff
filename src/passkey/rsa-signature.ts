/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.2), as some authenticators still sign. */
import { equalBytes } from '../audit/bytes.js';

export interface RsaKey {
  /** Big-endian, without leading zeros. */
  readonly n: Uint8Array;
  readonly e: Uint8Array;
}

/** DigestInfo of a SHA-256 digest (RFC 8017 §9.2, note 1), without the digest. */
const digestInfo = Uint8Array.of(
  ...[0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20],
);

/** The longest exponent in use has three bytes; one as long as the modulus would keep a verifier busy. */
const [shortestModulus, longestModulus, longestExponent] = [256, 1_024, 4] as const;

/** Makes the message that an honest signature hides and compares it whole: nothing of a forged one is ever parsed. */
export function rsaSigned({ n, e }: RsaKey, sha256: Uint8Array, signature: Uint8Array): boolean {
  if (n.length < shortestModulus || n.length > longestModulus || e.length > longestExponent) return false;
  const [modulus, exponent, value] = [numberOf(n), numberOf(e), numberOf(signature)];
  if (signature.length !== n.length || value >= modulus || exponent < 3n) return false;
  const hidden = bytesOf(power(value, exponent, modulus), n.length);
  const padding = new Uint8Array(n.length - 3 - digestInfo.length - sha256.length).fill(0xff);
  return equalBytes(hidden, Uint8Array.from([0x00, 0x01, ...padding, 0x00, ...digestInfo, ...sha256]));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function bytesOf(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => Number((number >> BigInt(8 * (length - 1 - at))) & 0xffn));
}
