/**
 * The port of authenticated encryption: AES-256-GCM with a random 96-bit nonce and a key commitment, because GCM alone
 * lets two keys open one box (NIST SP 800-38D gives no key commitment).
 */
export interface Aead {
  /** 32 random bytes, or as many as asked. */
  random(length?: number): Uint8Array;
  /** commitment (32) || nonce (12) || ciphertext || tag (16). */
  seal(key: Uint8Array, plaintext: Uint8Array, context: readonly string[]): Uint8Array;
  /** Undefined for a wrong key, another context, or a changed byte. */
  open(key: Uint8Array, box: Uint8Array, context: readonly string[]): Uint8Array | undefined;
  /** HMAC-SHA-256. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Constant time; false for different lengths. */
  same(a: Uint8Array, b: Uint8Array): boolean;
}

/** Length-prefixed, so that ["ab", "c"] and ["a", "bc"] differ. */
export function contextBytes(context: readonly string[]): Uint8Array {
  const parts = context.map((part) => new TextEncoder().encode(part));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}
