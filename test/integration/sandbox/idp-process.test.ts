import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';
import { sandboxPeople } from '../../../sandbox/src/idp/people.js';
import { personTokens } from '../../../sandbox/src/idp/person-tokens.js';
import { startIdentityProvider } from '../../../sandbox/src/idp/server.js';
import { sandboxCredentials } from '../../../sandbox/src/idp/state.js';
import { agentKey, apiResource } from './idp-client.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sandbox-idp-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const agents = [{ clientId: 'triage_agent', jwks: agentKey.jwks, scope: 'actions:request' }];
const start = (port = 0) => startIdentityProvider({ port, stateDir, apiResource, agents, consoleRedirects: [] });

describe('a restarted identity provider', () => {
  it('has the same keys and people: its tokens still verify, their passwords still work', async () => {
    const first = await start();
    const credentials = sandboxCredentials(stateDir, 'amara');
    const asked = { issuer: first.issuer, apiResource, credentials, scope: 'openid approvals:read' };
    const { accessToken } = await personTokens(asked);
    await first.close();
    const second = await start(Number(new URL(first.issuer).port));
    // Until fetch has noticed that its connections to the first one are gone.
    while (!(await fetch(second.issuer).catch(() => undefined)));
    const keys = createRemoteJWKSet(new URL(`${second.issuer}/jwks`));
    const { payload } = await jwtVerify(accessToken, keys, { issuer: second.issuer });
    const again = await personTokens({ ...asked, maxAge: 0 });
    await second.close();
    expect(payload.sub).toBe('amara');
    expect(again.scope).toBe('approvals:read');
    expect(sandboxCredentials(stateDir, 'amara')).toEqual(credentials);
  });

  it('does not start on a port that is taken', async () => {
    const first = await start();
    await expect(start(Number(new URL(first.issuer).port))).rejects.toThrow('EADDRINUSE');
    await first.close();
  });
});

describe('the state folder', () => {
  it('keeps every secret from everybody but its owner, and leaves nothing half written', async () => {
    await (await start()).close();
    const files = readdirSync(stateDir).sort();
    expect(files).toEqual(['people.json', 'provider.json']);
    for (const file of files) expect(statSync(join(stateDir, file)).mode & 0o777).toBe(0o600);
  });

  it('gives each person a password and a secret that no other person or installation has', async () => {
    await (await start()).close();
    const other = mkdtempSync(join(tmpdir(), 'sandbox-idp-'));
    const options = { port: 0, stateDir: other, apiResource, agents: [], consoleRedirects: [] };
    await (await startIdentityProvider(options)).close();
    const all = [stateDir, other].flatMap((dir) => sandboxPeople.map(({ sub }) => sandboxCredentials(dir, sub)));
    rmSync(other, { recursive: true });
    expect(new Set(all.map(({ password }) => password)).size).toBe(16);
    expect(new Set(all.map(({ totpSecret }) => totpSecret)).size).toBe(16);
    expect(new Set(all.map(({ totpPeriod }) => totpPeriod))).toEqual(new Set([30]));
  });

  it.each(['people.json', 'provider.json'])(
    'stops the start when %s is damaged, rather than make new secrets',
    async (file) => {
      await (await start()).close();
      writeFileSync(join(stateDir, file), '{}');
      await expect(start()).rejects.toThrow(z.ZodError);
      expect(readFileSync(join(stateDir, file), 'utf8')).toBe('{}');
    },
  );

  it('knows only the sandbox people', async () => {
    await (await start()).close();
    expect(() => sandboxCredentials(stateDir, 'mallory')).toThrow('no such sandbox person');
  });
});

it('a request with a foreign Host header is answered by nobody, so that no address is made from it', async () => {
  const idp = await start();
  const { hostname, port } = new URL(idp.issuer);
  const options = { hostname, port, path: '/.well-known/openid-configuration', headers: { host: 'evil.example' } };
  const status = await new Promise((resolve, reject) => {
    request(options, (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end();
  });
  await idp.close();
  expect(status).toBe(421);
});

describe('the identity provider as a process', () => {
  const module = join(process.cwd(), 'sandbox', 'dist', 'idp', 'main.js');

  it.each<[how: string, end: (child: ChildProcess) => void]>([
    ['SIGTERM', (child) => void child.kill('SIGTERM')],
    ['its parent going away', (child) => child.disconnect()],
  ])('says where it is and nothing else, and ends by %s', async (_how, end) => {
    const config = join(stateDir, 'idp.json');
    writeFileSync(
      config,
      JSON.stringify({ port: 0, issuerHost: 'localhost', stateDir, apiResource, agents, consoleRedirects: [] }),
    );
    const child = fork(module, [config], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [], env: {} });
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const gone = new Promise<unknown>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
    const line = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the process ended before it was ready: ${complaints}`)));
      if (child.stdout) createInterface(child.stdout).once('line', resolve);
    });
    const { ready, issuer } = JSON.parse(line);
    expect(ready).toBe(true);
    expect((await fetch(`${issuer}/jwks`)).status).toBe(200);
    end(child);
    expect(await gone).toBe(0);
    expect(complaints).toBe('');
  });
});
