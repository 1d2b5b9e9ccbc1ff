/** A small OIDC issuer on a real socket: enough to sign tokens that the product verifies, and ones that it must not. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair, type JWTPayload } from 'jose';

export interface TestIssuer {
  readonly url: string;
  readonly audience: string;
  readonly voteClient: string;
  /** Signs any claims; `iss`, `iat` and, where it is not given, `exp` are added, the rest is the test's affair. */
  sign(claims: JWTPayload, typ?: string): Promise<string>;
  agentToken(client: string, scope?: string): Promise<string>;
  principalToken(subject: string, agent: string): Promise<string>;
  voteToken(subject: string, nonce: string, more?: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

export async function testIssuer(): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(jwks));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const audience = 'https://api.example/';
  const voteClient = 'countersign-cli';
  const sign: TestIssuer['sign'] = (claims, typ) =>
    new SignJWT({ iss: url, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...(typ !== undefined && { typ }) })
      .setIssuedAt()
      .setExpirationTime(claims.exp ?? '5m')
      .sign(privateKey);
  return {
    url,
    audience,
    voteClient,
    sign,
    agentToken: (client, scope = 'actions:request actions:read actions:release') =>
      sign({ sub: client, client_id: client, aud: audience, scope }, 'at+jwt'),
    principalToken: (subject, agent) =>
      sign(
        { sub: subject, client_id: agent, act: { sub: agent }, aud: audience, scope: 'actions:act-for' },
        'principal+jwt',
      ),
    voteToken: (subject, nonce, more) =>
      sign({
        sub: subject,
        aud: voteClient,
        nonce,
        auth_time: Math.floor(Date.now() / 1000),
        acr: 'urn:countersign:acr:mfa',
        amr: ['pwd', 'otp', 'mfa'],
        ...more,
      }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
