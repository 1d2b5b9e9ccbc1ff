/** One-time codes of an authenticator app: RFC 6238 with its defaults, HMAC-SHA-1 and six digits. */
import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6 without padding, as authenticator apps take it. */
export function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet.charAt(Number.parseInt(five.padEnd(5, '0'), 2))).join('');
}

/** @throws RangeError for a character outside the alphabet. */
export function fromBase32(text: string): Uint8Array {
  const bits = Array.from(text, (letter) => {
    const value = alphabet.indexOf(letter);
    if (value < 0) throw new RangeError('not base32');
    return value.toString(2).padStart(5, '0');
  }).join('');
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (eight) => Number.parseInt(eight, 2));
}

/** Number of the step that a moment lies in (RFC 6238 §4.2). `at` in milliseconds since 1970, `period` in seconds. */
export function totpStep(at: number, period: number): number {
  return Math.floor(at / 1_000 / period);
}

/** The code of one step. The secret is base32 text. */
export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const truncated = mac.readUInt32BE(mac.readUInt8(mac.length - 1) & 0x0f) & 0x7fff_ffff; // RFC 4226 §5.3
  return String(truncated % 1_000_000).padStart(6, '0');
}
