/** Runs Node where there is no network, to show that a verifier needs none. */
import { existsSync } from 'node:fs';
import { runProgram, type Ran } from './run-node.js';

export interface RanOffline extends Ran {
  /** How the network was taken away: a namespace without one, or a process whose sockets refuse to open. */
  readonly without: 'namespace' | 'sockets';
}

/** Node's own sockets, lookups and fetch throw before anything is sent. */
const refuseSockets = `data:text/javascript,${encodeURIComponent(`
import net from 'node:net';
import dgram from 'node:dgram';
import dns from 'node:dns';
const refuse = () => { throw new Error('this process has no network'); };
net.Socket.prototype.connect = refuse;
dgram.Socket.prototype.send = refuse;
dns.lookup = refuse;
globalThis.fetch = refuse;
`)}`;

export async function nodeOffline(args: readonly string[], signal?: AbortSignal): Promise<RanOffline> {
  const options = signal === undefined ? {} : { signal };
  if (await hasNamespaces(options)) {
    const ran = await runProgram(unshare, ['--net', '--map-root-user', process.execPath, ...args], options);
    return { ...ran, without: 'namespace' };
  }
  const ran = await runProgram(process.execPath, ['--import', refuseSockets, ...args], options);
  return { ...ran, without: 'sockets' };
}

const unshare = '/usr/bin/unshare';

async function hasNamespaces(options: { readonly signal?: AbortSignal }): Promise<boolean> {
  if (!existsSync(unshare)) return false;
  const ran = await runProgram(unshare, ['--net', '--map-root-user', 'true'], options).catch(() => undefined);
  return ran?.code === 0;
}
