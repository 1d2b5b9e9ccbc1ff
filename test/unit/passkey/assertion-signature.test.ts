import { createHash, generateKeyPairSync, randomBytes, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { encodeCBOR, type CBORType } from '@levischuck/tiny-cbor';
import { describe, expect, it } from '@jest/globals';
import { isSignedBy } from '../../../src/passkey/assertion-signature.js';

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const part = (jwk: JsonWebKey, name: 'x' | 'y' | 'n' | 'e') =>
  Uint8Array.from(Buffer.from(jwk[name] ?? '', 'base64url'));
const cose = (...members: [number, CBORType][]) => encodeCBOR(new Map<number, CBORType>(members));

interface Maker {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Buffer;
}

const signer = (privateKey: KeyObject, hash: 'sha256' | null) => (message: Uint8Array) =>
  sign(hash, message, privateKey);

const makers: Readonly<Record<string, () => Maker>> = {
  ES256() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    return {
      publicKey: cose([1, 2], [3, -7], [-1, 1], [-2, part(jwk, 'x')], [-3, part(jwk, 'y')]),
      sign: signer(privateKey, 'sha256'),
    };
  },
  EdDSA() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jwk = publicKey.export({ format: 'jwk' });
    return { publicKey: cose([1, 1], [3, -8], [-1, 6], [-2, part(jwk, 'x')]), sign: signer(privateKey, null) };
  },
  RS256() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = publicKey.export({ format: 'jwk' });
    return {
      publicKey: cose([1, 3], [3, -257], [-1, part(jwk, 'n')], [-2, part(jwk, 'e')]),
      sign: signer(privateKey, 'sha256'),
    };
  },
};

function assertionOf({ sign: made }: Maker) {
  const clientData = Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge: base64url(randomBytes(32)) }));
  const authenticatorData = randomBytes(37);
  const message = Buffer.concat([authenticatorData, createHash('sha256').update(clientData).digest()]);
  return {
    clientDataJSON: base64url(clientData),
    authenticatorData: base64url(authenticatorData),
    signature: base64url(made(message)),
  };
}

function flipped(text: string, at = 5): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return base64url(bytes);
}

describe.each(Object.entries(makers))('a passkey of %s', (_, make) => {
  const maker = make();

  it('signed what it signed, many times over', () => {
    for (let time = 0; time < 20; time++) expect(isSignedBy(maker.publicKey, assertionOf(maker))).toBe(true);
  });

  it.each(['clientDataJSON', 'authenticatorData', 'signature'] as const)('did not sign another %s', (member) => {
    const assertion = assertionOf(maker);
    for (const at of [5, 20, 36])
      expect(isSignedBy(maker.publicKey, { ...assertion, [member]: flipped(assertion[member], at) })).toBe(false);
  });

  it('did not sign for another key of its kind, nor for a broken one', () => {
    const assertion = assertionOf(maker);
    expect(isSignedBy(make().publicKey, assertion)).toBe(false);
    for (const key of [new Uint8Array(), maker.publicKey.slice(0, -1), Uint8Array.of(0xa0), Uint8Array.of(0x01)])
      expect(isSignedBy(key, assertion)).toBe(false);
  });

  it('has no second spelling: nothing before or behind its signature', () => {
    const assertion = assertionOf(maker);
    const signature = Buffer.from(assertion.signature, 'base64url');
    for (const other of [Buffer.concat([signature, Buffer.of(0)]), Buffer.concat([Buffer.of(0), signature])])
      expect(isSignedBy(maker.publicKey, { ...assertion, signature: base64url(other) })).toBe(false);
    expect(isSignedBy(maker.publicKey, { ...assertion, signature: '' })).toBe(false);
    expect(isSignedBy(maker.publicKey, { ...assertion, signature: `${assertion.signature}=` })).toBe(false);
  });
});

describe('a key', () => {
  it('counts under its own algorithm only', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    const key = (alg: number) => cose([1, 2], [3, alg], [-1, 1], [-2, part(jwk, 'x')], [-3, part(jwk, 'y')]);
    const assertion = assertionOf({ publicKey: key(-7), sign: signer(privateKey, 'sha256') });
    expect([-7, -35, -36, -8, -257].map((alg) => isSignedBy(key(alg), assertion))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('of RSA is of 2,048 bits at least, with a short exponent', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = publicKey.export({ format: 'jwk' });
    const short = cose([1, 3], [3, -257], [-1, part(jwk, 'n')], [-2, part(jwk, 'e')]);
    expect(isSignedBy(short, assertionOf({ publicKey: short, sign: signer(privateKey, 'sha256') }))).toBe(false);
    const one = cose([1, 3], [3, -257], [-1, new Uint8Array(256).fill(0xff)], [-2, Uint8Array.of(1)]);
    expect(isSignedBy(one, assertionOf({ publicKey: one, sign: () => Buffer.alloc(256, 1) }))).toBe(false);
  });
});
