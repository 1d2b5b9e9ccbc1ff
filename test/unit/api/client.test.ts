/** The agents' client against a tiny server on a real socket: when it comes again, and when it does not. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Countersign, CountersignProblem, type ActionView } from '@countersign/client';

type Step = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Answers the first call with the first step, and so on; the last step answers all that follow. */
async function api(...steps: readonly Step[]) {
  const calls: { readonly path: string; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      calls.push({ path: request.url ?? '', body });
      steps[Math.min(calls.length, steps.length) - 1]?.(request, response, body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { calls, client: new Countersign({ url: `http://127.0.0.1:${port}/`, token: async () => 'token' }) };
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Step =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
const busy = json(503, { code: 'unavailable', title: 'Try again.' });
const broken: Step = (request) => void request.socket.destroy();
const view = (status: ActionView['status']) => ({ id: 'abc', status, needs: null });
const asked = { type: 'facility.read', input: {}, purpose: 'HOPERAT', principal: 'token' };

describe('a call', () => {
  it('is repeated after 503 and after a broken connection, with the same idempotency key', async () => {
    const { calls, client } = await api(busy, broken, json(201, view('requested')));
    expect(await client.request(asked)).toMatchObject({ id: 'abc' });
    const keys = calls.map(({ body }) => (JSON.parse(body) as { idempotencyKey: string }).idempotencyKey);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it('waits as long as the API asks', async () => {
    const { client } = await api(json(503, {}, { 'retry-after': '1' }), json(200, view('requested')));
    const began = performance.now();
    await client.get('abc');
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
  });

  it('is not repeated when it was refused', async () => {
    const { calls, client } = await api(json(409, { code: 'action.not_releasable', title: 'Not yet.', action: 'abc' }));
    const thrown = await client.release('abc').catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(CountersignProblem);
    expect(thrown).toMatchObject({
      status: 409,
      code: 'action.not_releasable',
      message: 'Not yet.',
      details: { action: 'abc' },
    });
    expect(calls).toHaveLength(1);
  });

  it('gives up in the end, with what the API said last', async () => {
    const { calls, client } = await api(busy);
    await expect(client.get('abc')).rejects.toMatchObject({ status: 503, code: 'unavailable' });
    expect(calls).toHaveLength(5);
  }, 20_000);

  it('follows no redirect with its token', async () => {
    let followed = false;
    const { client } = await api((request, response) => {
      followed ||= request.url === '/elsewhere';
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await expect(client.get('abc')).rejects.toThrow('fetch failed');
    expect(followed).toBe(false);
  }, 20_000);

  it('of something that is no API says so', async () => {
    const { client } = await api((_request, response) => void response.writeHead(404).end('<html>'));
    await expect(client.get('abc')).rejects.toMatchObject({ status: 404, code: 'unknown' });
  });
});

describe('run', () => {
  it('waits while the action is open, tells once that people are asked, and releases', async () => {
    const told: string[] = [];
    const { calls, client } = await api(
      json(201, view('requested')),
      json(200, view('awaiting_approval')),
      json(200, view('awaiting_approval')),
      json(200, view('denied')),
      json(200, { status: 'denied', reason: 'No.' }),
    );
    const result = await client.run(asked, { onPending: ({ status }) => told.push(status) });
    expect(result).toEqual({ status: 'denied', reason: 'No.' });
    expect(told).toEqual(['awaiting_approval']);
    expect(calls.map(({ path }) => path.split('?')[0])).toEqual([
      '/v1/actions',
      '/v1/actions/abc/wait',
      '/v1/actions/abc/wait',
      '/v1/actions/abc/wait',
      '/v1/actions/abc/release',
    ]);
  });

  it('stops waiting when told to, and answers pending', async () => {
    const stop = new AbortController();
    const { client } = await api(json(201, view('awaiting_approval')), () => stop.abort());
    expect(await client.run(asked, { signal: stop.signal })).toEqual({
      status: 'pending',
      actionId: 'abc',
      needs: { status: 'nobody' },
    });
  });

  it('hands on that nobody knows what happened', async () => {
    const { client } = await api(json(201, view('outcome_unknown')));
    expect(await client.run(asked)).toEqual({ status: 'outcome_unknown', actionId: 'abc' });
  });
});
