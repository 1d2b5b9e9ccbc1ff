/** The key material of a development stack: made once, kept in its state folder, readable by its owner only. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { logins, type Login } from '../../database/logins.js';

/** Agents of the sandbox: client id and what they are registered as. */
const sandboxAgents = ['scheduling-agent', 'triage-agent', 'documentation-agent', 'throwaway-agent'] as const;
export type SandboxAgent = (typeof sandboxAgents)[number];

interface KeyFile {
  readonly file: string;
  readonly publicJwk: JWK;
}

export interface Secrets {
  readonly passwords: Readonly<Record<Login, string>>;
  /** Ed25519: signs warrants. */
  readonly warrant: KeyFile;
  /** ES384: SMART Backend Services client of the ehr worker. */
  readonly fhirClient: KeyFile;
  /** ES384: private_key_jwt of each agent. */
  readonly agents: Readonly<Record<SandboxAgent, KeyFile>>;
  /** Opens the fault switches and request log of the sandbox EHR. */
  readonly ehrControl: string;
}

export async function ensureSecrets(state: string): Promise<Secrets> {
  const text = (name: string) => keep(join(state, name), () => randomBytes(24).toString('base64url'));
  const passwords = Object.fromEntries(
    await Promise.all(logins.map(async (login) => [login, await text(`logins/${login}`)] as const)),
  ) as Record<Login, string>;
  return {
    passwords,
    warrant: await keyFile(join(state, 'warrant.jwk'), 'EdDSA'),
    fhirClient: await keyFile(join(state, 'fhir-client.jwk'), 'ES384'),
    agents: {
      'scheduling-agent': await keyFile(join(state, 'agents/scheduling-agent.jwk'), 'ES384'),
      'triage-agent': await keyFile(join(state, 'agents/triage-agent.jwk'), 'ES384'),
      'documentation-agent': await keyFile(join(state, 'agents/documentation-agent.jwk'), 'ES384'),
      'throwaway-agent': await keyFile(join(state, 'agents/throwaway-agent.jwk'), 'ES384'),
    },
    ehrControl: await text('ehr-control'),
  };
}

/** A private JWK with `kid` (RFC 7638 thumbprint) and `alg`; its public half without the private members. */
async function keyFile(file: string, alg: 'EdDSA' | 'ES384'): Promise<KeyFile> {
  const stored = await keep(file, async () => {
    const { privateKey } = await generateKeyPair(alg, {
      extractable: true,
      ...(alg === 'EdDSA' && { crv: 'Ed25519' }),
    });
    const jwk = await exportJWK(privateKey);
    return JSON.stringify({ ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) });
  });
  const { d: _private, ...publicJwk }: JWK = JSON.parse(stored);
  return { file, publicJwk };
}

async function keep(file: string, make: () => string | Promise<string>): Promise<string> {
  if (existsSync(file)) return readFileSync(file, 'utf8');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const text = await make();
  writeFileSync(file, text, { mode: 0o600 });
  return text;
}
