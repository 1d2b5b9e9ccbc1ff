/** What outlives a restart: the provider's keys and the people's credentials, both made at the first start. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import { writePrivately } from '../private-file.js';
import { sandboxPeople } from './people.js';
import { base32 } from './totp.js';

const signingKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  alg: z.literal('ES256'),
  use: z.literal('sig'),
  kid: z.string(),
});

const providerSecrets = z.strictObject({ signingKey, cookieKey: z.string().min(32) });
export type ProviderSecrets = z.infer<typeof providerSecrets>;

const credentials = z.strictObject({
  person: z.string(),
  password: z.string().min(16),
  /** Base32, as an authenticator app takes it. */
  totpSecret: z.string().regex(/^[A-Z2-7]{32}$/),
  /** Seconds that one code lasts. */
  totpPeriod: z.number().int().min(1),
});

/** How one sandbox person signs in. Random, made at the first start, readable only by whoever owns the state folder. */
export type Credentials = Readonly<z.infer<typeof credentials>>;

const peopleFile = 'people.json';
const providerFile = 'provider.json';

/** @throws Error when no provider was started with this folder, or the person is none of the sandbox. */
export function sandboxCredentials(stateDir: string, person: string): Credentials {
  const found = readCredentials(stateDir).find((each) => each.person === person);
  if (!found) throw new Error('no such sandbox person');
  return found;
}

/** Everybody's; made when the folder has none. `totpPeriod` counts only then. */
export function everyonesCredentials(stateDir: string, totpPeriod: number): readonly Credentials[] {
  if (!existsSync(join(stateDir, peopleFile))) {
    const people = sandboxPeople.map(({ sub }) => ({
      person: sub,
      password: randomBytes(12).toString('base64url'),
      totpSecret: base32(randomBytes(20)),
      totpPeriod,
    }));
    writePrivately(join(stateDir, peopleFile), { people });
  }
  return readCredentials(stateDir);
}

/** The ES256 key that signs every token and the key of the cookies; made when the folder has none. */
export async function loadProviderSecrets(stateDir: string): Promise<ProviderSecrets> {
  if (!existsSync(join(stateDir, providerFile))) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(privateKey);
    const key = { ...jwk, alg: 'ES256', use: 'sig', kid: await calculateJwkThumbprint(jwk) };
    const cookieKey = randomBytes(32).toString('base64url');
    writePrivately(join(stateDir, providerFile), { signingKey: key, cookieKey });
  }
  return providerSecrets.parse(readJson(stateDir, providerFile));
}

function readCredentials(stateDir: string): readonly Credentials[] {
  return z.strictObject({ people: z.array(credentials) }).parse(readJson(stateDir, peopleFile)).people;
}

function readJson(stateDir: string, file: string): unknown {
  return JSON.parse(readFileSync(join(stateDir, file), 'utf8'));
}
