import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { action, digest } from '../../../src/action/ids.js';
import { Refusal, isRetryable } from '../../../src/action/refusal.js';
import { readElements, type ReadDeps, type ReadOrder } from '../../../src/ehr/read-elements.js';
import type { ElementReading } from '../../../src/ehr/reading.js';
import type { TargetCall } from '../../../src/warrant/check-target.js';
import { drop, json, order, page, scriptedEhr, status, type Reply, type ScriptedEhr } from './scripted-ehr.js';

let ehr: ScriptedEhr;
beforeEach(async () => {
  ehr = await scriptedEhr();
});
afterEach(() => ehr.close());

const pseudonym = digest('aa'.repeat(32));
const medications: ElementReading = {
  name: 'current_medications',
  searches: [{ type: 'MedicationRequest', params: { patient: '{patient}', status: 'active' } }],
  scopes: ['system/MedicationRequest.rs'],
  fields: ['status', 'medicationCodeableConcept.text'],
  maxRecords: 200,
  episodeBound: false,
};
const ordered = (more: Partial<ReadOrder['leave']> = {}): ReadOrder => ({
  leave: {
    action: action('a'.repeat(26)),
    actions: ['ehr.read'],
    location: ehr.base,
    datatypes: ['MedicationRequest'],
    patient: pseudonym,
    episode: null,
    elements: ['current_medications'],
    scopes: ['system/MedicationRequest.rs'],
    maxRecords: 200,
    maxBytes: 1_000_000,
    since: {},
    readOnly: true,
    ...more,
  },
  elements: new Map([[medications.name, medications]]),
  subject: { patient: { reference: 'Patient/p1', pseudonym }, episode: null },
  recordsLeft: 200,
  bytesLeft: 1_000_000,
  requestId: 'a.perform.1',
});

const read = (more: Partial<ReadDeps> = {}, what = ordered()) =>
  readElements(
    {
      fhir: ehr.fhir,
      check: async () => undefined,
      pause: (ms, signal) => sleep(ms, undefined, { signal }),
      signal: new AbortController().signal,
      ...more,
    },
    what,
  );
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'read',
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );
const orders = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => order(`m${from + index}`));

describe('a read', () => {
  it('asks for what the element names with a token of just its scopes, and keeps nothing else', async () => {
    ehr.reply(page([order('m1')]));
    const { elements, records, truncated, bytes } = await read();
    expect({ records, truncated }).toEqual({ records: 1, truncated: false });
    expect(bytes).toBeGreaterThan(100);
    expect(elements).toEqual({
      current_medications: [
        {
          resourceType: 'MedicationRequest',
          id: 'm1',
          meta: { versionId: '1' },
          status: 'active',
          medicationCodeableConcept: { text: 'Medicine m1' },
        },
      ],
    });
    const [request] = ehr.requests;
    expect(request?.path).toBe('/fhir/MedicationRequest');
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      patient: 'Patient/p1',
      status: 'active',
      _count: '100',
      _elements: 'meta,subject,status,medicationCodeableConcept',
    });
    expect(request?.headers).toMatchObject({ authorization: 'Bearer token-1', 'x-request-id': 'a.perform.1' });
    expect(ehr.tokenRequests[0]?.get('scope')).toBe('system/MedicationRequest.rs');
  });

  it('follows pages under the base, asking the warrant before each', async () => {
    ehr.reply(page(orders(1, 2), `${ehr.base}/MedicationRequest?page=2`), page(orders(3, 3)));
    let asked = 0;
    const { records } = await read({ check: async () => void (asked += 1) });
    expect({ records, asked, requests: ehr.requests.length }).toEqual({ records: 3, asked: 2, requests: 2 });
  });

  it('sends nothing more once the warrant is revoked between two pages', async () => {
    ehr.reply(page(orders(1, 2), `${ehr.base}/MedicationRequest?page=2`), page(orders(3, 3)));
    let asked = 0;
    const check = async () => {
      if (++asked === 2) throw new Refusal('warrant.revoked', 'revoked');
    };
    expect(await codeOf(read({ check }))).toBe('warrant.revoked');
    expect(ehr.requests).toHaveLength(1);
  });

  it('sends nothing at all, not even for a token, when the warrant does not hold', async () => {
    const check = async () => {
      throw new Refusal('warrant.expired', 'expired');
    };
    expect(await codeOf(read({ check }))).toBe('warrant.expired');
    expect([ehr.requests, ehr.tokenRequests]).toEqual([[], []]);
  });

  it('reaches back no further than the warrant: asks so, and takes nothing older', async () => {
    const dated = {
      ...medications,
      searches: medications.searches.map((search) => ({
        ...search,
        date: { param: 'authoredon', fields: ['authoredOn'] },
      })),
    };
    const what = {
      ...ordered({ since: { current_medications: '2026-03-01' } }),
      elements: new Map([[dated.name, dated]]),
    };
    ehr.reply(page([{ ...order('m1'), authoredOn: '2026-03-05' }]));
    const { elements } = await read({}, what);
    expect(elements['current_medications']?.[0]).not.toHaveProperty('authoredOn'); // the element does not name it
    expect(Object.fromEntries(ehr.requests[0]?.query ?? [])).toMatchObject({
      authoredon: 'ge2026-03-01',
      _elements: 'meta,subject,status,authoredOn,medicationCodeableConcept',
    });
    ehr.reply(page([{ ...order('m2'), authoredOn: '2025-01-01' }]));
    expect(await codeOf(read({}, what))).toBe('ehr.unasked');
  });

  it('asks nothing that the warrant bounds by date and the element cannot', async () => {
    expect(await codeOf(read({}, ordered({ since: { current_medications: '2026-03-01' } })))).toBe('warrant.argument');
    expect(ehr.requests).toEqual([]);
  });

  it('stops at the warrant’s records and says so', async () => {
    ehr.reply(page(orders(1, 2), `${ehr.base}/MedicationRequest?page=2`), page(orders(3, 4)));
    const { records, truncated } = await read({}, ordered({ maxRecords: 2 }));
    expect({ records, truncated, requests: ehr.requests.length }).toEqual({ records: 2, truncated: true, requests: 1 });
    expect(ehr.requests[0]?.query.get('_count')).toBe('2');
  });

  it('keeps to its limit when the server ignores _count', async () => {
    ehr.reply(page(orders(1, 50)));
    expect(await read({}, ordered({ maxRecords: 7 }))).toMatchObject({ records: 7, truncated: true });
  });

  it('reads what is left of the warrant and no more', async () => {
    ehr.reply(page(orders(1, 5)));
    expect(await read({}, { ...ordered(), recordsLeft: 5 })).toMatchObject({ records: 5, truncated: false });
    expect(await read({}, { ...ordered(), recordsLeft: 0 })).toMatchObject({ records: 0, truncated: true });
  });

  it('counts a resource once when two pages bring it', async () => {
    ehr.reply(page(orders(1, 2), `${ehr.base}/MedicationRequest?page=2`), page(orders(2, 3)));
    expect((await read()).elements['current_medications']?.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3']);
  });

  it('is for the EHR of the warrant only', async () => {
    const elsewhere = ordered({ location: 'https://ehr.example/fhir' });
    expect(await codeOf(read({}, elsewhere))).toBe('warrant.other_location');
    expect(ehr.requests).toEqual([]);
  });
});

describe('a crooked or broken answer', () => {
  const self = () => `${ehr.base}/MedicationRequest?page=again`;
  let pages = 0;
  const endlessly =
    (resources: readonly object[]): Reply =>
    (request, response) =>
      page(resources, `${ehr.base}/MedicationRequest?page=${(pages += 1)}`)(request, response);

  it.each<[what: string, reply: () => Reply, code: string]>([
    [
      'another patient’s resource',
      () => page([order('m1'), order('m2', { subject: { reference: 'Patient/p2' } })]),
      'ehr.other_patient',
    ],
    ['a resource of another type', () => page([{ resourceType: 'Patient', id: 'p1' }]), 'ehr.other_type'],
    ['a stopped order among the active', () => page([order('m1', { status: 'stopped' })]), 'ehr.unasked'],
    ['the same page again and again', () => page([order('m1')], self()), 'ehr.endless_paging'],
    ['new links to the same resources', () => endlessly([order('m1')]), 'ehr.endless_paging'],
    ['new links to nothing', () => endlessly([]), 'ehr.endless_paging'],
    ['a next page elsewhere', () => page([order('m1')], 'http://127.0.0.1:1/fhir/MedicationRequest'), 'ehr.off_base'],
    ['a redirect', () => status(302, { location: 'http://127.0.0.1:1/' }), 'ehr.redirect'],
    ['a redirect to itself', () => status(307, { location: self() }), 'ehr.redirect'],
    ['a sign-in page', () => json('<html>', { 'content-type': 'text/html' }), 'ehr.malformed'],
    [
      'JSON that is none',
      () => (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
      'ehr.malformed',
    ],
    [
      'text that is no UTF-8',
      () => (_request, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x22, 0xff, 0x22])),
      'ehr.malformed',
    ],
    ['an empty answer', () => (_request, response) => void response.writeHead(204).end(), 'ehr.rejected'],
    ['an error in the search', () => status(400), 'ehr.rejected'],
    ['no leave by its scopes', () => status(403), 'ehr.rejected'],
    ['a token that it never accepts', () => status(401), 'ehr.unauthorised'],
    ['a server error', () => status(500), 'ehr.unavailable'],
    ['a connection dropped', () => drop, 'ehr.unavailable'],
    [
      'a connection dropped in the middle',
      () => (_request, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).write('{', () => response.destroy()),
      'ehr.unavailable',
    ],
  ])('is refused whole: %s', async (_what, reply, code) => {
    ehr.reply(reply());
    expect(await codeOf(read())).toBe(code);
    expect(ehr.requests.length).toBeLessThanOrEqual(2);
  });

  it('is a hundred megabytes: the gateway hangs up at its limit', async () => {
    const megabyte = Buffer.alloc(1_048_576, ' ');
    let sent = 0;
    ehr.reply((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/fhir+json' });
      const more = (): void => {
        while (sent < 100 && !response.destroyed) {
          sent += 1;
          if (!response.write(megabyte)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    expect(await codeOf(read())).toBe('ehr.too_large');
    expect(sent).toBeLessThan(100);
  });

  it('is a small one that unpacks to a large one', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, ' '));
    ehr.reply(
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'application/fhir+json', 'content-encoding': 'gzip' }).end(bomb),
    );
    expect(bomb.length).toBeLessThan(100_000);
    expect(await codeOf(read())).toBe('ehr.too_large');
  });

  it('is worth another attempt only when the EHR was busy or away', () => {
    const again = [
      'ehr.busy',
      'ehr.unavailable',
      'ehr.other_patient',
      'ehr.redirect',
      'ehr.too_large',
      'ehr.rejected',
    ] as const;
    expect(again.filter(isRetryable)).toEqual(['ehr.busy', 'ehr.unavailable']);
  });
});

describe('an EHR that is busy', () => {
  const waits: number[] = [];
  const pause = async (ms: number) => void waits.push(ms);
  beforeEach(() => void waits.splice(0));

  it.each([429, 503])('is asked again after the time that it named (%d), the warrant first', async (code) => {
    ehr.reply(status(code, { 'retry-after': '2' }), page([order('m1')]));
    let asked = 0;
    expect(await read({ pause, check: async () => void (asked += 1) })).toMatchObject({ records: 1 });
    expect({ waits, asked, requests: ehr.requests.length }).toEqual({ waits: [2_000], asked: 2, requests: 2 });
  });

  it('is not asked again when the warrant ran out meanwhile', async () => {
    ehr.reply(status(429, { 'retry-after': '1' }));
    let asked = 0;
    const check = async () => {
      if (++asked === 2) throw new Refusal('warrant.expired', 'expired');
    };
    expect(await codeOf(read({ pause, check }))).toBe('warrant.expired');
    expect(ehr.requests).toHaveLength(1);
  });

  it('is left to the next attempt when it stays so, or names a long time', async () => {
    ehr.reply(status(429));
    expect(await codeOf(read({ pause }))).toBe('ehr.busy');
    expect({ waits, requests: ehr.requests.length }).toEqual({ waits: [1_000, 1_000], requests: 3 });
    ehr.reply(status(503, { 'retry-after': '3600' }));
    expect(await codeOf(read({ pause }))).toBe('ehr.busy');
    expect(waits).toHaveLength(2);
  });
});

describe('cancellation', () => {
  it('ends a request that is under way', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled by the workflow');
    ehr.reply(() => controller.abort(reason)); // never answers
    await expect(read({ signal: controller.signal })).rejects.toBe(reason);
  });

  it('ends between two pages', async () => {
    const controller = new AbortController();
    ehr.reply(page(orders(1, 2), `${ehr.base}/MedicationRequest?page=2`), page(orders(3, 3)));
    let asked = 0;
    const check = async () => {
      if (++asked === 2) controller.abort(new Error('cancelled by the workflow'));
    };
    await expect(read({ signal: controller.signal, check })).rejects.toThrow('cancelled by the workflow');
    expect(ehr.requests).toHaveLength(1);
  });
});

describe('one resource, whole', () => {
  const call = (): Extract<TargetCall, { interaction: 'read' }> => ({
    action: 'ehr.read',
    interaction: 'read',
    location: ehr.base,
    type: 'MedicationRequest',
    id: 'm1',
    elements: ['current_medications'],
    patient: { reference: 'Patient/p1', pseudonym },
    episode: null,
    bytes: 10_000,
  });
  const one = () => ehr.fhir.read(call(), { requestId: 'a.prepare.1', signal: new AbortController().signal });
  const withDose =
    (value: string): Reply =>
    (_request, response) => {
      const text = JSON.stringify(order('m1', { dose: 0 })).replace('"dose":0', `"dose":${value}`);
      response.writeHead(200, { 'content-type': 'application/fhir+json' }).end(text);
    };

  it.each(['10', '0.1', '1.50', '1e3', '9007199254740991'])('comes with the number %s', async (value) => {
    ehr.reply(withDose(value));
    expect((await one()).resource).toMatchObject({ id: 'm1', dose: Number(value) });
  });

  it.each(['10.00000000000000000001', '0.300000000000000041', '9007199254740993', '1e-400'])(
    'is refused with %s, which would be given back as another number',
    async (value) => {
      ehr.reply(withDose(value));
      expect(await codeOf(one())).toBe('ehr.malformed');
    },
  );
});

describe('access tokens', () => {
  it('are kept until shortly before they end', async () => {
    ehr.reply(page([order('m1')]));
    await read();
    await read();
    expect(ehr.tokenRequests).toHaveLength(1);
    ehr.advance(269_000);
    await read();
    expect(ehr.tokenRequests).toHaveLength(1);
    ehr.advance(2_000);
    await read();
    expect(ehr.tokenRequests).toHaveLength(2);
  });

  it('are asked for anew, once, when the EHR no longer takes one', async () => {
    ehr.reply(status(401), page([order('m1')]));
    expect(await read()).toMatchObject({ records: 1 });
    expect(ehr.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  it('are never asked for without scopes that the warrant names', async () => {
    expect(await codeOf(read({}, ordered({ scopes: [] })))).toBe('warrant.other_element');
    expect([ehr.requests, ehr.tokenRequests]).toEqual([[], []]);
  });

  it.each<[what: string, reply: Reply, code: string]>([
    ['rejects us', status(400), 'ehr.unauthorised'],
    ['does not know us', status(401), 'ehr.unauthorised'],
    ['sends us elsewhere', status(302, { location: 'http://127.0.0.1:1/' }), 'ehr.redirect'],
    ['is away', status(502), 'ehr.unavailable'],
    ['is busy for long', status(503, { 'retry-after': '100' }), 'ehr.busy'],
    ['gives none', json({ token_type: 'bearer', expires_in: 60 }), 'ehr.malformed'],
    ['gives one of another kind', json({ access_token: 'x', token_type: 'mac', expires_in: 60 }), 'ehr.malformed'],
    ['gives one that never lives', json({ access_token: 'x', token_type: 'bearer', expires_in: -1 }), 'ehr.malformed'],
  ])('no request for data is made when the token endpoint %s', async (_what, reply, code) => {
    ehr.replyToken(reply, reply);
    expect(await codeOf(read())).toBe(code);
    expect(ehr.requests).toEqual([]);
  });
});
