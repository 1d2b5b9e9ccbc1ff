/** The API on a socket, with the bounds that the app cannot set itself. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ApiEnv } from './answer.js';

export interface Listening {
  /** Port that it got; another than asked when that was 0. */
  readonly port: number;
  /** Takes no new calls, lets running ones end, then returns. */
  close(): Promise<void>;
}

/** Milliseconds and bytes. A call's head and body come within these or not at all; the answer may take longer (wait). */
const bounds = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 32 * 1024, // a principal token travels in a body, an access token in a header
};
const mostConnections = 5_000;

/** Milliseconds after which connections that still idle or hang are cut at the end. */
const patience = 5_000;

export async function listen(app: Hono<ApiEnv>, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer(bounds, getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { port: portOf(server, port), close: () => close(server) };
}

function portOf(server: Server, asked: number): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : asked;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), patience);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
