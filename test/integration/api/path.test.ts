/** The whole path through the agents' client: what an agent hears, for each way that an action can end. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ActionView } from '@countersign/client';
import { apiStage, type ApiStage } from './stage.js';

let api: ApiStage;
beforeAll(async () => {
  api = await apiStage();
});
afterAll(() => api?.stop());

/** Runs a medications request; `when` acts once people are asked. */
async function run(
  when: (action: ActionView) => Promise<unknown>,
  more: { expiresIn?: number; timeout?: number } = {},
) {
  const { timeout, ...request } = more;
  let acted: Promise<unknown> = Promise.resolve();
  const result = await api.client().run(await api.medications(request), {
    ...(timeout !== undefined && { timeout }),
    onPending: (action) => (acted = when(action)),
  });
  return { result, acted: await acted };
}

describe('an agent with the client', () => {
  it('reads what names no patient without asking anybody', async () => {
    const result = await api.client().run(await api.facility());
    expect(result).toMatchObject({ status: 'completed', output: { truncated: false }, modified: [] });
    expect(JSON.stringify(result)).toMatch(/hoursOfOperation/);
  });

  it('gets the medications after a clinician signed', async () => {
    const { result, acted } = await run(({ id }) => api.vote(id, 'amara'));
    expect(acted).toMatchObject({ status: 200, body: { status: 'counted' } });
    expect(result.status === 'completed' && result.output.elements['current_medications']?.length).toBeGreaterThan(0);
  });

  it('hears why a human said no', async () => {
    const reason = 'Patient was discharged this morning';
    const { result } = await run(({ id }) => api.vote(id, 'ben', { verdict: 'deny', reason }));
    expect(result).toEqual({ status: 'denied', reason });
  });

  it('hears that nobody answered in time', async () => {
    const { result } = await run(() => Promise.resolve(), { expiresIn: 2 });
    expect(result).toEqual({ status: 'expired' });
  });

  it('hears that it was cancelled', async () => {
    const { result, acted } = await run(({ id }) => api.client().cancel(id));
    expect(acted).toMatchObject({ type: 'medications.read' });
    expect(result).toEqual({ status: 'cancelled' });
  });

  it('is told what is still needed when it stops waiting', async () => {
    const { result } = await run(() => Promise.resolve(), { timeout: 500 });
    expect(result).toEqual({
      status: 'pending',
      actionId: expect.stringMatching(/^[a-z2-7]{26}$/),
      needs: { status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] },
    });
  });

  it('hears which rules refused it', async () => {
    const result = await api.client().run(await api.facility({ purpose: 'HRESCH' }));
    expect(result).toMatchObject({ status: 'refused', rules: [expect.any(String)] });
  });
});
