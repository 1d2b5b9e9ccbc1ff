import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { contextBytes, type Aead } from './aead.js';

const cipher = 'aes-256-gcm';
const lengths = { key: 32, commitment: 32, nonce: 12, tag: 16 } as const;
const commitmentLabel = new TextEncoder().encode('countersign/key-commitment/v1');

const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => createHmac('sha256', key).update(data).digest();
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Binds the key to this nonce: whoever opens with another key notices before GCM is asked. */
function commitmentOf(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  return hmac(key, Buffer.concat([commitmentLabel, nonce]));
}

/** {@link Aead} over node:crypto. */
export const nodeAead: Aead = {
  random: (length = lengths.key) => randomBytes(length),
  hmac,
  same,
  seal(key, plaintext, context) {
    const nonce = randomBytes(lengths.nonce);
    const box = createCipheriv(cipher, key, nonce, { authTagLength: lengths.tag });
    box.setAAD(contextBytes(context));
    return Buffer.concat([commitmentOf(key, nonce), nonce, box.update(plaintext), box.final(), box.getAuthTag()]);
  },
  open(key, sealed, context) {
    const { commitment, nonce: nonceLength, tag } = lengths;
    if (key.length !== lengths.key || sealed.length < commitment + nonceLength + tag) return undefined;
    const nonce = sealed.subarray(commitment, commitment + nonceLength);
    if (!same(sealed.subarray(0, commitment), commitmentOf(key, nonce))) return undefined;
    const box = createDecipheriv(cipher, key, nonce, { authTagLength: tag });
    box.setAAD(contextBytes(context));
    box.setAuthTag(sealed.subarray(sealed.length - tag));
    try {
      return Buffer.concat([box.update(sealed.subarray(commitment + nonceLength, sealed.length - tag)), box.final()]);
    } catch {
      return undefined; // GCM says no more than that
    }
  },
};
