import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../../sandbox/src/ehr/faults.js';
import { codeOf, sandboxStage, type SandboxStage } from './sandbox-stage.js';

let at: SandboxStage;
beforeAll(async () => {
  at = await sandboxStage();
});
afterAll(() => at.end());
afterEach(() => at.ehr.faults.clear());

const medications = '/fhir/MedicationRequest';
const data = () => at.heard().filter(({ kind }) => kind === 'fhir');

describe('the ehr queue before the sandbox EHR', () => {
  it('reads the canary’s medications and allergies under the default rulebook', async () => {
    const { of, warrant } = await at.ready('allergy_history', 'current_medications');
    expect(await at.perform(of, warrant)).toEqual({ status: 'performed', records: 3, truncated: false });
    expect(await at.result(of)).toMatchObject({
      elements: {
        allergy_history: [{ resourceType: 'AllergyIntolerance', id: 'canary-allergy' }],
        current_medications: [{ id: 'canary-medication-1' }, { id: 'canary-medication-2' }],
      },
    });
    expect(data().map(({ path, status, requestId, scopes }) => ({ path, status, requestId, scopes }))).toEqual([
      {
        path: '/fhir/AllergyIntolerance',
        status: 200,
        requestId: `${of.action}.perform.1`,
        scopes: ['system/AllergyIntolerance.rs'],
      },
      { path: medications, status: 200, requestId: `${of.action}.perform.1`, scopes: ['system/MedicationRequest.rs'] },
    ]);
  });

  it('reads the clinic’s opening hours, which name nobody', async () => {
    const { of, warrant } = await at.ready('facility');
    expect(await at.perform(of, warrant)).toMatchObject({ status: 'performed', truncated: false });
    expect(JSON.stringify(await at.result(of))).toContain('hoursOfOperation');
  });

  it('finds that Dr Chen is treating the canary', async () => {
    const { of } = await at.ready('current_medications');
    const related = await at.relate(of, await at.on.mintRelation(of));
    expect(related).toEqual({ status: 'related', basis: 'encounter_participant' });
  });

  it.each<[fault: Fault, code: string]>([
    [{ kind: 'wrong_patient' }, 'ehr.other_patient'],
    [{ kind: 'endless_paging' }, 'ehr.endless_paging'],
    [{ kind: 'redirect', to: 'http://127.0.0.1:1/' }, 'ehr.redirect'],
    [{ kind: 'huge', bytes: 100_000_000 }, 'ehr.too_large'],
    [{ kind: 'not_json' }, 'ehr.malformed'],
    [{ kind: 'drop' }, 'ehr.unavailable'],
    [{ kind: 'status', status: 500 }, 'ehr.unavailable'],
    [{ kind: 'status', status: 429, retryAfter: 3_600 }, 'ehr.busy'],
  ])('keeps nothing from an EHR that misbehaves: %j', async (fault, code) => {
    const { of, warrant } = await at.ready('current_medications');
    at.ehr.faults.set({ match: { path: medications }, times: 'always', fault });
    expect(await codeOf(at.perform(of, warrant))).toBe(code);
    expect(await at.result(of)).toBe('sealed.missing');
  });

  it('projects the same when the EHR ignores _elements', async () => {
    const honest = await at.ready('current_medications');
    await at.perform(honest.of, honest.warrant);
    at.ehr.faults.set({ match: { path: medications }, fault: { kind: 'ignore_elements' } });
    const ignoring = await at.ready('current_medications');
    await at.perform(ignoring.of, ignoring.warrant);
    expect(await at.result(ignoring.of)).toEqual(await at.result(honest.of));
  });

  it('waits as long as a busy EHR asks, and then reads', async () => {
    const { of, warrant } = await at.ready('current_medications');
    at.heard();
    at.ehr.faults.set({ match: { path: medications }, fault: { kind: 'status', status: 429, retryAfter: 1 } });
    const begun = performance.now();
    expect(await at.perform(of, warrant)).toMatchObject({ status: 'performed', records: 2 });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(990);
    expect(data().map(({ status }) => status)).toEqual([429, 200]);
  });

  it('reads again, as its second attempt, after the EHR dropped an answer that it had made', async () => {
    const { of, warrant } = await at.ready('current_medications');
    at.ehr.faults.set({ match: { path: medications }, fault: { kind: 'drop' } });
    at.heard();
    expect(await codeOf(at.perform(of, warrant))).toBe('ehr.unavailable');
    expect(await at.perform(of, warrant)).toMatchObject({ status: 'performed', records: 2 });
    expect(data().map(({ requestId }) => requestId)).toEqual(
      [1, 2].map((attempt) => `${of.action}.perform.${attempt}`),
    );
    expect(await at.kinds(of)).toEqual(['action.attempt', 'action.attempt']);
  });
});
