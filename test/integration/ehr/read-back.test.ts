import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../../sandbox/src/ehr/faults.js';
import { before, codeOf, writeStage, type Ready, type WriteStage } from './write-stage.js';

let at: WriteStage;
beforeAll(async () => {
  at = await writeStage();
});
afterAll(() => at.end());
afterEach(() => at.calm());

/** A write that met this fault, and so left nobody knowing. */
const lost = async (fault: Fault): Promise<Ready> => {
  const ready = await at.ready();
  at.ehr.faults.set({ match: { method: 'POST', path: '/fhir', exact: true }, fault });
  await codeOf(at.write(ready.of, ready.warrant));
  at.calm();
  return ready;
};
const done: Fault = { kind: 'drop' };
const undone: Fault = { kind: 'status', status: 500 };
const lastLeaf = async ({ of }: Ready) => {
  const found = await at.db.admin.query(
    `SELECT kind, convert_from(bytes, 'UTF8')::jsonb -> 'data' ->> 'status' AS status FROM countersign.audit_leaf
      WHERE action = $1 ORDER BY index DESC LIMIT 1`,
    [of.action],
  );
  return found.rows[0];
};

describe('a write of which nobody knows, read back', () => {
  it('is written when our tag is there', async () => {
    const ready = await lost(done);
    const warrant = await at.unknown(ready.of);
    at.heard();
    expect(await at.readBack(ready.of, warrant)).toEqual({ status: 'written' });
    expect(await at.use(ready.warrant)).toBe('done');
    expect(await at.result(ready.of)).toMatchObject({ modified: [{ reference: ready.target, version: '2' }] });
    expect(await lastLeaf(ready)).toEqual({ kind: 'outcome.read_back', status: 'written' });
    expect(at.heard().map(({ method, requestId }) => [method, requestId])).toEqual([
      ['GET', `${ready.of.action}.read_back_1.1`],
    ]);
  });

  it('is written when our tag is on an earlier version', async () => {
    const ready = await lost(done);
    at.ehr.edit(ready.target, { dosageInstruction: [{ text: 'as needed' }], meta: {} });
    expect(await at.readBack(ready.of, await at.unknown(ready.of))).toEqual({ status: 'written' });
    expect(await at.result(ready.of)).toMatchObject({ modified: [{ version: '2' }] });
  });

  it('is superseded when others moved the record on without it', async () => {
    const ready = await lost(undone);
    at.ehr.edit(ready.target, { dosageInstruction: [{ text: 'as needed' }] });
    expect(await at.readBack(ready.of, await at.unknown(ready.of))).toEqual({ status: 'superseded' });
    expect(await at.use(ready.warrant)).toBe('conflict');
    expect(await at.result(ready.of)).toBe('sealed.missing');
  });

  it('is unsettled while the approved base is still there: it may come', async () => {
    const ready = await lost(undone);
    expect(await at.readBack(ready.of, await at.unknown(ready.of))).toEqual({ status: 'unsettled' });
    expect(await at.use(ready.warrant)).toBe('unknown');
    expect(at.story(ready.target)).toEqual([before]);
    expect(await lastLeaf(ready)).toEqual({ kind: 'outcome.read_back', status: 'unsettled' });
  });

  it('is asked about again, under a new warrant, until it is known', async () => {
    const ready = await lost(undone);
    expect(await at.readBack(ready.of, await at.unknown(ready.of, 1))).toEqual({ status: 'unsettled' });
    at.ehr.edit(ready.target, { dosageInstruction: [{ text: 'as needed' }] });
    expect(await at.readBack(ready.of, await at.unknown(ready.of, 2))).toEqual({ status: 'superseded' });
    at.heard();
    expect(await at.readBack(ready.of, await at.unknown(ready.of, 3))).toEqual({ status: 'superseded' });
    expect(at.heard()).toEqual([]);
  });

  it.each<[what: string, fault: Fault]>([
    ['drops the connection', { kind: 'drop' }],
    ['fails', { kind: 'status', status: 500 }],
    ['is busy', { kind: 'status', status: 503 }],
    ['has lost it', { kind: 'status', status: 404 }],
  ])('is unsettled while the EHR %s', async (_what, fault) => {
    const ready = await lost(done);
    const warrant = await at.unknown(ready.of);
    at.ehr.faults.set({ match: { path: `/fhir/${ready.target}` }, fault });
    expect(await at.readBack(ready.of, warrant)).toEqual({ status: 'unsettled' });
    expect(await at.readBack(ready.of, warrant)).toEqual({ status: 'unsettled' });
    expect(await at.use(ready.warrant)).toBe('unknown');
    expect(await at.events(ready.of)).toEqual([]);
  });

  it('is unsettled, and somebody should look, when another patient’s record comes', async () => {
    const ready = await lost(done);
    const warrant = await at.unknown(ready.of);
    at.ehr.faults.set({ match: { path: `/fhir/${ready.target}` }, fault: { kind: 'wrong_patient' } });
    expect(await at.readBack(ready.of, warrant)).toEqual({ status: 'unsettled' });
    expect(await at.events(ready.of)).toEqual(['ehr.other_patient']);
  });

  it('is unsettled, and a human decides, when it was written otherwise than approved', async () => {
    const ready = await at.ready();
    at.wire.there = (transaction) => {
      const altered = structuredClone(Object(transaction));
      altered.entry[0].resource.dosageInstruction = [{ text: 'ten tablets' }];
      return altered;
    };
    expect(await codeOf(at.write(ready.of, ready.warrant))).toBe('ehr.written_otherwise');
    expect(await at.readBack(ready.of, await at.unknown(ready.of))).toEqual({ status: 'unsettled' });
    expect(await at.use(ready.warrant)).toBe('unknown');
    expect(await at.events(ready.of)).toEqual(['ehr.written_otherwise', 'ehr.written_otherwise']);
  });

  it('is not asked about once a human has said what became of it', async () => {
    const ready = await lost(done);
    const warrant = await at.unknown(ready.of);
    await at.db.admin.query(
      `UPDATE countersign.action SET status = 'completed', concluded_at = clock_timestamp() WHERE action = $1`,
      [ready.of.action],
    );
    at.heard();
    expect(await at.readBack(ready.of, warrant)).toEqual({ status: 'unsettled' });
    expect(at.heard()).toEqual([]);
  });

  it('cannot be written any more meanwhile', async () => {
    const ready = await lost(undone);
    await at.unknown(ready.of);
    await at.endLease(ready.warrant);
    expect(await codeOf(at.write(ready.of, ready.warrant))).toBe('warrant.closed');
    expect(at.story(ready.target)).toEqual([before]);
  });
});
