/** Which ports a development stack listens on: the usual ones, those of last time, or free ones. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { lockFolder } from '../../config/folder-lock.js';

export const defaultPorts = {
  api: 8787,
  codec: 8788,
  /** The proxy that people open; the Temporal UI itself stands behind it. */
  ui: 8233,
  temporalUi: 8234,
  temporal: 7233,
  idp: 9090,
  ehr: 8089,
  postgres: 54_329,
} as const;

type PortName = keyof typeof defaultPorts;
export type Ports = Readonly<Record<PortName, number>>;

const names = Object.keys(defaultPorts).filter((name): name is PortName => name in defaultPorts);
const portsFile = z.partialRecord(z.enum(names), z.int().min(1).max(65_535));

export interface ChosenPorts {
  readonly ports: Ports;
  /** Those that could not be what they were last time, or what they usually are. */
  readonly moved: readonly PortName[];
  /** Tells other stacks that these ports may be chosen again. */
  readonly release: () => void;
}

/**
 * Last time's ports first, because the issuer's URL is in the directory, then the usual ones, then any that is free.
 * All are held until each has one, so that no two get the same.
 *
 * @param fixed ports that somebody asked for by number: taken means no.
 * @throws Error naming a fixed port that is taken.
 */
export async function choosePorts(state: string, fixed: Partial<Ports> = {}): Promise<ChosenPorts> {
  const file = join(state, 'ports.json');
  const last = existsSync(file) ? portsFile.safeParse(parse(readFileSync(file, 'utf8'))).data : undefined;
  const held: Held[] = [];
  const release = (): void => held.forEach((each) => each.release());
  const chosen: [PortName, number][] = [];
  const moved: PortName[] = [];
  try {
    for (const name of names) {
      const asked = fixed[name];
      const wanted = asked ?? last?.[name] ?? defaultPorts[name];
      const first = await claim(wanted);
      if (first === undefined && asked !== undefined)
        throw new Error(`Port ${asked} is taken. Name another with --port, or leave --port away.`);
      const taken = first ?? (await claim(0));
      if (taken === undefined) throw new Error('No port of 127.0.0.1 is free.');
      if (first === undefined) moved.push(name);
      held.push(taken);
      chosen.push([name, portOf(taken.server)]);
    }
  } catch (error) {
    release();
    throw error;
  } finally {
    await Promise.all(held.map(({ server }) => close(server)));
  }
  const found = new Map(chosen);
  const port = (name: PortName): number => found.get(name) ?? defaultPorts[name];
  const ports: Ports = {
    api: port('api'),
    codec: port('codec'),
    ui: port('ui'),
    temporalUi: port('temporalUi'),
    temporal: port('temporal'),
    idp: port('idp'),
    ehr: port('ehr'),
    postgres: port('postgres'),
  };
  writeFileSync(file, `${JSON.stringify(ports, undefined, 2)}\n`);
  return { ports, moved, release };
}

interface Held {
  readonly server: Server;
  readonly release: () => void;
}

/**
 * Holds a port and writes down that it is this stack's: between choosing a port and listening on it a stack starts many
 * processes, and another one that starts meanwhile must not find it free. Undefined when somebody has it already.
 */
async function claim(port: number): Promise<Held | undefined> {
  const server = await hold(port);
  if (server === undefined) return undefined;
  mkdirSync(claims, { recursive: true, mode: 0o700 });
  const lock = lockFolder(claims, `port-${portOf(server)}`);
  if (lock.status === 'locked') return { server, release: lock.release };
  await close(server);
  return undefined;
}

/** Of this machine's stacks of this user. */
export const claims = join(tmpdir(), `countersign-ports-${userInfo().username}`);

/** Whether nobody listens there. */
export async function isFree(port: number): Promise<boolean> {
  const server = await hold(port);
  if (server === undefined) return false;
  await close(server);
  return true;
}

/** A socket on this port of 127.0.0.1; undefined when somebody has it, there or on ::1, which `localhost` may mean. */
async function hold(port: number): Promise<Server | undefined> {
  const server = await listen(port, '127.0.0.1');
  if (typeof server === 'string') return undefined;
  const other = await listen(portOf(server), '::1');
  if (typeof other !== 'string') await close(other);
  if (other !== 'EADDRINUSE') return server; // any other failure: there is no IPv6 here
  await close(server);
  return undefined;
}

/** The listening server, or the code of the error. */
function listen(port: number, host: string): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.name));
    server.listen(port, host, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
