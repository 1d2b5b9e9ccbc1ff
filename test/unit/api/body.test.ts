import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Hono } from 'hono';
import { errorAnswer, type ApiEnv } from '../../../src/api/answer.js';
import { boundedJson } from '../../../src/api/guard.js';
import { listen, type Listening } from '../../../src/api/listen.js';
import { createLog } from '../../../src/config/log.js';

/** Without a length, as clients send what they have not counted. */
const chunked = (...parts: string[]) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: ReadableStream.from(parts.map((part) => new TextEncoder().encode(part))),
  duplex: 'half' as const,
});
const json = (body: string, type = 'application/json') => ({ method: 'POST', headers: { 'content-type': type }, body });
const large = JSON.stringify('a'.repeat(64 * 1024));

describe('the body of a call, over a socket', () => {
  let server: Listening;

  beforeAll(async () => {
    const app = new Hono<ApiEnv>().use(boundedJson());
    app.onError(errorAnswer(createLog('test', 'fatal')));
    app.delete('/', (c) => c.json('deleted'));
    app.post('/', async (c) => c.json(await c.req.json()));
    server = await listen(app, { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.close());

  it.each<[what: string, call: RequestInit, status: number, told: unknown]>([
    ['none, where none is needed', { method: 'DELETE' }, 200, 'deleted'],
    ['JSON', json('{"a":1}'), 200, { a: 1 }],
    ['JSON in pieces', chunked('{"a"', ':1}'), 200, { a: 1 }],
    ['too much', json(large), 413, { code: 'request.too_large' }],
    ['too much in pieces', chunked(large.slice(0, 40_000), large.slice(40_000)), 413, { code: 'request.too_large' }],
    ['no JSON', json('a=1', 'application/x-www-form-urlencoded'), 415, { code: 'request.media_type' }],
  ])('%s', async (_what, call, status, told) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`, call);
    const body: unknown = await response.json();
    expect(response.status).toBe(status);
    expect(body).toEqual(typeof told === 'object' && status !== 200 ? expect.objectContaining(told ?? {}) : told);
  });
});
