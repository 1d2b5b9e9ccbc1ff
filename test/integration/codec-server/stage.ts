/** A codec server over real sockets, before a real database and the sandbox identity provider. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  freePort,
  headlessSignIn,
  sandboxCredentials,
  startIdentityProvider,
  type RunningIdentityProvider,
} from '@countersign/sandbox';
import { tenant, type TenantId } from '../../../src/action/ids.js';
import { addressesOf, type Addresses } from '../../../src/codec-server/addresses.js';
import { startCodecServer } from '../../../src/codec-server/server.js';
import { createLog } from '../../../src/config/log.js';
import { inTenant } from '../../../src/database/transaction.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import { KeyCache } from '../../../src/keys/key-cache.js';
import { Keychain } from '../../../src/keys/keychain.store.js';
import { restrict, type KeyringOperation } from '../../../src/keys/keyring.js';
import { localKeyring } from '../../../src/keys/local-keyring.node.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { readPolicyFolder } from '../../../src/rulebook/policy-folder.node.js';
import { activateRulebook, storeRulebook } from '../../../src/rulebook/rulebook.store.js';
import type { TestDatabase } from '../../support/database.js';

export const clinic: TenantId = tenant('clinic');
const resource = 'http://127.0.0.1:8787/v1';

export interface Operators {
  readonly idp: RunningIdentityProvider;
  readonly credentials: (person: string) => ReturnType<typeof sandboxCredentials>;
  stop(): Promise<void>;
}

/** The sandbox identity provider with its people in the directory: finn the operator, amara who is none. */
export async function startOperators(db: TestDatabase): Promise<Operators> {
  const stateDir = mkdtempSync(join(tmpdir(), 'codec-idp-'));
  const idp = await startIdentityProvider({
    port: 0,
    issuerHost: 'localhost',
    stateDir,
    apiResource: resource,
    agents: [],
    consoleRedirects: [],
    totpPeriod: 2,
  });
  for (const [subject, name, role] of [
    ['finn', 'Finn Berg', 'operator'],
    ['amara', 'Amara Osei', 'clinical_staff'],
  ]) {
    const id = randomUUID();
    await db.admin.query(
      `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name) VALUES ('clinic', $1, $2, $3, $4)`,
      [id, idp.issuer, subject, name],
    );
    await db.admin.query(`INSERT INTO countersign.role_grant (tenant, person, role) VALUES ('clinic', $1, $2)`, [
      id,
      role,
    ]);
  }
  return {
    idp,
    credentials: (person) => sandboxCredentials(stateDir, person),
    async stop() {
      await idp.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

interface Roots {
  readonly issuers: readonly object[];
  readonly warrantIssuers: readonly object[];
}

/** Activates a rulebook that trusts this provider besides whom it trusts already. */
export async function trust(db: TestDatabase, issuer: string, { issuers, warrantIssuers }: Roots): Promise<void> {
  const operatorsIssuer = { issuer, audiences: [resource], clients: [], jwksUri: `${issuer}/jwks` };
  const roots = { issuers: [...issuers, operatorsIssuer], warrantIssuers, logs: [], rpIds: [] };
  const rulebook = loadRulebook(readPolicyFolder('policies'), roots);
  await inTenant(db.admin, clinic, async (tx) => {
    await storeRulebook(tx, rulebook);
    await activateRulebook(tx, rulebook.digest);
  });
}

export function keychainOf(folder: string, ...allowed: KeyringOperation[]): Keychain {
  const keyring = restrict(localKeyring({ folder, production: false, aead: nodeAead }), allowed);
  return new Keychain({ keyring, aead: nodeAead, cache: new KeyCache({ clock: () => performance.now() }) });
}

export interface CodecStage {
  readonly addresses: Addresses;
  stop(): Promise<void>;
}

export interface CodecStageOptions {
  readonly db: TestDatabase;
  readonly keychain: Keychain;
  readonly issuer: string;
  /** The Temporal UI, or what stands in for it. */
  readonly upstream: string;
}

export async function startCodecStage({ db, keychain, issuer, upstream }: CodecStageOptions): Promise<CodecStage> {
  const ports = { codec: await freePort(), ui: await freePort() };
  const addresses = addressesOf({ codec: `http://localhost:${ports.codec}`, ui: undefined, uiPort: ports.ui });
  const server = await startCodecServer({
    tenant: clinic,
    pool: db.pool('codec'),
    keychain,
    aead: nodeAead,
    log: createLog('test', 'fatal'),
    addresses,
    host: '127.0.0.1',
    ports,
    upstream: new URL(upstream),
    signIn: { issuer, clientId: 'countersign-codec', resource },
  });
  return { addresses, stop: () => server.close() };
}

export interface SignedIn {
  readonly response: Response;
  readonly page: string;
  /** Of the session; undefined when the sign-in was refused. */
  readonly cookie: string | undefined;
  /** Where the provider sent the browser back to, with its code. */
  readonly callback: URL;
  /** Cookie of the browser that began. */
  readonly pending: string;
}

/** Walks the whole sign-in as a browser would. */
export async function signIn({ addresses }: CodecStage, operators: Operators, person: string): Promise<SignedIn> {
  const { callback, pending } = await walkToCallback(addresses, operators, person);
  const response = await fetch(callback, { headers: { cookie: pending }, redirect: 'manual' });
  const cookie = cookiesOf(response).find((each) => each.startsWith(`${addresses.cookie.name}=`));
  return { response, page: await response.text(), cookie, callback, pending };
}

/** Everything up to the way back. */
export async function walkToCallback(addresses: Addresses, { credentials }: Operators, person: string) {
  const begun = await fetch(new URL('/sign-in', addresses.codec), { redirect: 'manual' });
  const [pending = ''] = cookiesOf(begun);
  const callback = await headlessSignIn({
    ...credentials(person),
    authorizationUrl: begun.headers.get('location') ?? 'missing',
    redirectUri: new URL('/callback', addresses.codec).href,
  });
  return { callback, pending };
}

function cookiesOf(response: Response): string[] {
  return response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
}
