/** An issuer on a real socket that can be forged, silenced, and made to turn its keys over. */
import { createServer } from 'node:http';
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair, type JWK } from 'jose';

/** A claim set to undefined is left out. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Signing {
  readonly alg?: string;
  readonly typ?: string;
  readonly kid?: string;
  readonly key?: Parameters<SignJWT['sign']>[0];
}

export interface Issuer {
  readonly url: string;
  readonly jwksUri: string;
  /** The public key, as an attacker has it too. */
  readonly publicJwk: JWK;
  /** How often somebody asked for the keys. */
  readonly asked: () => number;
  /** What the next requests for keys are answered with. */
  answer(status: number, body?: string): void;
  /** Signs what it is given and adds nothing. */
  sign(claims: Claims, signing?: Signing): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  let asked = 0;
  let now = { status: 200, body: JSON.stringify({ keys: [publicJwk] }) };
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(now.status, { 'content-type': 'application/json' }).end(now.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    url,
    jwksUri: `${url}/jwks`,
    publicJwk,
    asked: () => asked,
    answer: (status, body = '') => (now = { status, body }),
    sign: (claims, { alg = 'ES256', typ, kid = 'k1', key = privateKey } = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, ...(typ !== undefined && { typ }) }).sign(key),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** `alg: none`, as RFC 7519 §6 allows and nobody should. */
export const unsigned = (claims: Claims): string => new UnsecuredJWT(claims).encode();
