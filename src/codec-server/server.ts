/** Codec server and UI proxy, put together and listening. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Pool } from 'pg';
import type { TenantId } from '../action/ids.js';
import type { Logger } from '../config/log.js';
import { tokenVerifiers } from '../identity/tokens.gateway.js';
import type { Aead } from '../keys/aead.js';
import type { Keychain } from '../keys/keychain.store.js';
import { rulebookReader } from '../rulebook/rulebook.store.js';
import type { Addresses } from './addresses.js';
import { codecApp } from './app.js';
import { decoder } from './decode.js';
import { operators } from './operators.js';
import { PendingSignIns } from './pending.js';
import { Sessions } from './sessions.js';
import { operatorSignIn } from './sign-in.gateway.js';
import { uiProxy } from './ui-proxy.js';
import { ViewLedger } from './view-ledger.js';

export interface CodecServerOptions {
  readonly tenant: TenantId;
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly aead: Aead;
  readonly log: Logger;
  readonly addresses: Addresses;
  /** Address that both listen on. */
  readonly host: string;
  readonly ports: { readonly codec: number; readonly ui: number };
  /** The Temporal UI that the proxy stands before. */
  readonly upstream: URL;
  readonly signIn: { readonly issuer: string; readonly clientId: string; readonly resource: string };
}

export interface RunningCodecServer {
  close(): Promise<void>;
}

/** @throws Error when a port is taken. */
export async function startCodecServer(options: CodecServerOptions): Promise<RunningCodecServer> {
  const { tenant, pool, keychain, aead, log, addresses, host, ports, upstream, signIn } = options;
  const tokens = { clock: () => performance.now(), newToken: () => randomBytes(32).toString('base64url') };
  const sessions = new Sessions(tokens);
  const ledger = new ViewLedger({ now: () => new Date(), instance: randomBytes(6).toString('base64url') });
  const whoMay = operators({
    pool,
    tenant,
    rulebook: rulebookReader(),
    verifiers: tokenVerifiers(),
    issuer: signIn.issuer,
  });
  const app = codecApp({
    addresses,
    signIn: operatorSignIn({ ...signIn, redirectUri: new URL('/callback', addresses.codec).href }),
    pending: new PendingSignIns(tokens),
    sessions,
    operators: whoMay,
    decode: decoder({ pool, keychain, aead, tenant, ledger }),
    log,
  });
  const servers = [
    await listening(createServer(getRequestListener(app.fetch)), ports.codec, host),
    await listening(uiProxy({ addresses, upstream, sessions, operators: whoMay, log }), ports.ui, host),
  ];
  return { close: async () => void (await Promise.all(servers.map(closed))) };
}

function listening(server: Server, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
