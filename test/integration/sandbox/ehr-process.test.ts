import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEhr } from '../../../sandbox/src/ehr/server.js';
import { assertion, fhirClient, newKey, requestToken, type Key } from './ehr-client.js';
import { describeWithSampleData, sampleData } from '../../support/sample-data.js';

let folder: string;
let key: Key;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-ehr-'));
  key = await newKey('ES384');
});
afterEach(() => rmSync(folder, { recursive: true }));

const clients = () => [{ id: 'worker', jwks: key.jwks, scope: 'system/*.crus' }];
interface Place {
  readonly url: string;
  readonly tokenUrl: string;
}
const tokenOf = async ({ tokenUrl }: Place) => {
  const { body } = await requestToken(tokenUrl, await assertion(key, { audience: tokenUrl }), 'system/*.crus');
  return String(body['access_token']);
};
const signedIn = async (place: Place) => fhirClient(place.url, await tokenOf(place));
const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };

describe('a restarted EHR', () => {
  it('has its people, their encounters and every write, whatever it is told to fill itself with', async () => {
    const first = await startEhr({ port: 0, stateDir: folder, seed: 'one', clients: clients() });
    const created = (await (await signedIn(first))('Observation', { method: 'POST', body: observation })).json();
    await first.close();
    const second = await startEhr({ port: 0, stateDir: folder, seed: 'two', clients: clients() });
    const again = (await (await signedIn(second))(`Observation/${created.id}`)).json();
    await second.close();
    expect(again).toEqual(created);
    expect(second.demoPatients).toEqual(first.demoPatients);
  });

  it('knows no access token of its earlier life', async () => {
    const first = await startEhr({ port: 0, stateDir: folder, clients: clients() });
    const token = await tokenOf(first);
    const before = (await fhirClient(first.url, token)('Location')).status;
    await first.close();
    const second = await startEhr({ port: 0, stateDir: folder, clients: clients() });
    const after = (await fhirClient(second.url, token)('Location')).status;
    await second.close();
    expect([before, after]).toEqual([200, 401]);
  });

  it('does not start on a port that is taken', async () => {
    const first = await startEhr({ port: 0, clients: clients() });
    await expect(startEhr({ port: Number(new URL(first.url).port), clients: clients() })).rejects.toThrow('EADDRINUSE');
    await first.close();
  });
});

describeWithSampleData('an EHR filled with bundles', 'fhir', () => {
  it('shows the first patient by file name, with medications to read', async () => {
    const ehr = await startEhr({ port: 0, bundlesDir: sampleData('fhir'), clients: clients() });
    expect(ehr.demoPatients.map(({ name }) => name.split(' ').at(-1)?.replace(/\d+/, ''))).toEqual([
      'Atencio',
      'Hoeger',
      'Kreiger',
      'Conn',
      'Wiegand',
      'Hintz',
    ]);
    const call = await signedIn(ehr);
    const bundle = (await call(`MedicationRequest?patient=${ehr.demoPatients[0]?.patient}&status=active`)).json();
    await ehr.close();
    expect(bundle.entry).toHaveLength(2);
  });
});

describe('the EHR as a process', () => {
  const module = join(process.cwd(), 'sandbox', 'dist', 'ehr', 'main.js');
  const configured = () => {
    const config = join(folder, 'ehr.json');
    writeFileSync(config, JSON.stringify({ port: 0, stateDir: folder, clients: clients(), seed: 'process' }));
    return config;
  };
  const started = async (
    child = fork(module, [configured()], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: [], env: {} }),
  ) => {
    const ready = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error('the process ended before it was ready')));
      if (child.stdout) createInterface(child.stdout).once('line', resolve);
    });
    return { child, ready: JSON.parse(ready) };
  };
  const exited = (child: ChildProcess) =>
    new Promise<unknown>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));

  it.each<[how: string, end: (child: ChildProcess) => void]>([
    ['SIGTERM', (child) => void child.kill('SIGTERM')],
    ['its parent going away', (child) => child.disconnect()],
  ])('says where it is, and ends by %s', async (_how, end) => {
    const { child, ready } = await started();
    const gone = exited(child);
    expect(ready).toMatchObject({ ready: true, demoPatients: expect.arrayContaining([expect.objectContaining({})]) });
    expect((await (await signedIn(ready))('Location')).status).toBe(200);
    end(child);
    expect(await gone).toBe(0);
  });

  it('comes back after a kill -9 with every write that it had answered', async () => {
    const { child, ready } = await started();
    const created = (await (await signedIn(ready))('Observation', { method: 'POST', body: observation })).json();
    const gone = exited(child);
    child.kill('SIGKILL');
    await gone;
    const next = await started();
    const again = (await (await signedIn(next.ready))(`Observation/${created.id}`)).json();
    const ended = exited(next.child);
    next.child.disconnect();
    await ended;
    expect(again).toEqual(created);
  });

  it('has done nothing when the disk is full, and goes on as soon as there is room', async () => {
    const first = await started();
    const filled = exited(first.child);
    first.child.disconnect();
    await filled;
    const blocks = Math.ceil(statSync(join(folder, 'ehr.jsonl')).size / 512) + 8; // of 512 bytes, POSIX ulimit
    const limited = await started(
      spawn('sh', ['-c', `ulimit -f ${blocks} && exec "$0" "$@"`, process.execPath, module, configured()], {
        stdio: ['ignore', 'pipe', 'ignore', 'ipc'], // the refused write is printed
      }),
    );
    const call = await signedIn(limited.ready);
    const post = async (value: string, note: string) => {
      const body = { ...observation, identifier: [{ value }], note: [{ text: note }] };
      return (await call('Observation', { method: 'POST', body })).status;
    };
    expect([await post('large', 'x'.repeat(20_000)), await post('small', 'x')]).toEqual([500, 201]);
    expect((await call('Observation?identifier=large')).json()).not.toHaveProperty('entry');
    const gone = exited(limited.child);
    limited.child.disconnect();
    await gone;
    const again = await started();
    const after = await signedIn(again.ready);
    expect((await after('Observation?identifier=large')).json()).not.toHaveProperty('entry');
    expect((await after('Observation?identifier=small')).json().entry).toHaveLength(1);
    const ended = exited(again.child);
    again.child.disconnect();
    await ended;
  });
});
