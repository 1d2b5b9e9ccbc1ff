/** A write of which nobody knows: the EHR is asked ever more slowly, and a human's word ends it at any time. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { role } from '../../src/action/ids.js';
import type { Concluded, CountedVote, Outcome, ReadBack } from '../../src/action/types.js';
import { countedVote, envelope, minted, waits, type Name, type Script } from '../support/scripted.js';
import { actionOf, admit, gate, refusedAs, vote, workflowStage, type Handle, type WorkflowStage } from './stage.js';

let at: WorkflowStage;
beforeAll(async () => {
  at = await workflowStage();
});
afterAll(() => at?.stop());

const hour = 3_600_000;
const day = 24 * hour;
/** Milliseconds from one look to the next. */
const pauses = [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600].map((seconds) => seconds * 1_000);

const unknownWith = (votes: readonly CountedVote[]): Concluded => ({
  status: 'outcome_unknown',
  resolution: {
    revision: 3,
    needs: {
      status: 'quorum',
      factors: [{ role: role('senior_clinician'), or: [role('privacy_officer')], count: 1 }],
    },
    votes,
  },
});

interface Lost {
  readonly script: Script;
  /** When the EHR was asked, in milliseconds. */
  readonly looks: readonly number[];
  /** How often it was tried to settle the action. */
  settled(): number;
}

/** A write that ended without an answer, and the database and EHR that it left behind. */
function lost(more: { readonly shows?: readonly ReadBack['status'][]; readonly mayVote?: boolean } = {}): Lost {
  const { shows = [], mayVote = true } = more;
  const looks: number[] = [];
  const counted: CountedVote[] = [];
  let settled = 0;
  let shown: ReadBack['status'] = 'unsettled';
  const script: Script = {
    classify: async () => waits({ tier: 'T2', writes: true }),
    write: async () => {
      throw ApplicationFailure.nonRetryable('ehr.unavailable', 'ehr.unavailable');
    },
    conclude: async () => unknownWith([]),
    readBack: async () => {
      looks.push(Context.current().info.scheduledTimestampMs);
      shown = shows[looks.length - 1] ?? 'unsettled';
      return { status: shown };
    },
    recordVote: async (_, ballot) => {
      counted.push(countedVote(ballot));
      return { status: 'counted', vote: countedVote(ballot) };
    },
    settle: async () => {
      settled += 1;
      if (shown === 'written') return { status: 'completed' };
      if (shown === 'superseded') return { status: 'failed' };
      const said = mayVote ? counted.filter(({ revision }) => revision === 3) : [];
      if (said.some(({ verdict }) => verdict === 'deny')) return { status: 'failed' };
      return said.length > 0 ? { status: 'completed' } : unknownWith(said);
    },
  };
  return { script, looks, settled: () => settled };
}

/** A human's word on what became of the write. */
function says(handle: Handle, by: Name, tookEffect: boolean) {
  const { decision, proof } = envelope(actionOf(handle), by, tookEffect ? 'approve' : 'deny', {
    revision: 3,
    challenge: '00000000-0000-4000-8000-000000000300',
    meaning: tookEffect ? 'approve.took_effect' : 'deny.no_effect',
  });
  return vote(handle, { decision: { ...decision, actingRoles: [role('senior_clinician')] }, proof });
}
/** Approves the write, which then is lost. */
async function loses(handle: Handle, log: readonly string[]): Promise<void> {
  await admit(handle);
  await at.until(() => log.includes('prepare'));
  for (let code: unknown = 'vote.not_open'; code !== undefined;)
    code = await refusedAs(vote(handle, envelope(actionOf(handle), 'ada', 'approve', { revision: 2 })));
  await at.until(() => log.includes('conclude'));
}
const times = (log: readonly string[], name: string) => log.filter((each) => each === name).length;
/** Within how many milliseconds of a pause the next look comes: activities and tasks take time that does not skip. */
const slack = 2_000;

describe('a write of which nobody knows', () => {
  it('is looked for after five seconds, ten, twenty, and ever more slowly; after twelve looks only a human can end it', () => {
    const { script, looks } = lost();
    return at.running(script, async (handle, log) => {
      await loses(handle, log);
      await at.env.sleep(2 * day);
      expect(looks).toHaveLength(12);
      const waited = looks.slice(1).map((when, place) => when - (looks[place] ?? 0));
      waited.forEach((each, place) => {
        const pause = pauses[place + 1] ?? 0;
        expect([each >= pause, each < pause + slack]).toEqual([true, true]);
      });
      expect(await says(handle, 'bo', true)).toMatchObject({ status: 'counted' });
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(looks).toHaveLength(12);
    });
  });

  it.each<[ReadBack['status'], string]>([
    ['written', 'completed'],
    ['superseded', 'failed'],
  ])('ends as soon as the EHR shows that it is %s', (status, end) => {
    const { script, looks } = lost({ shows: ['unsettled', 'unsettled', status] });
    return at.running(script, async (handle, log) => {
      await loses(handle, log);
      expect(await handle.result()).toEqual({ status: end });
      expect(looks).toHaveLength(3);
    });
  });

  it.each<[boolean, string]>([
    [true, 'completed'],
    [false, 'failed'],
  ])('ends by a human’s word at once: that it took effect is %p', (tookEffect, end) => {
    const { script, looks } = lost();
    return at.running(script, async (handle, log) => {
      await loses(handle, log);
      await at.until(() => looks.length === 5); // the next look is 160 seconds away
      expect(await says(handle, 'bo', tookEffect)).toMatchObject({ status: 'counted' });
      expect(await handle.result()).toEqual({ status: end });
      expect(looks).toHaveLength(5); // nobody waited for it
    });
  });

  it('is for votes on what became of it, and no longer for votes on the write', () => {
    const { script } = lost();
    return at.running(script, async (handle, log) => {
      await loses(handle, log);
      await at.until(() => log.includes('readBack'));
      expect(await refusedAs(vote(handle, envelope(actionOf(handle), 'cy', 'approve', { revision: 2 })))).toBe(
        'vote.stale',
      );
      await says(handle, 'bo', false);
      expect(await handle.result()).toEqual({ status: 'failed' });
    });
  });

  it('waits on, and in no hurry, when a vote that was counted no longer counts', () => {
    const { script, looks, settled } = lost({ mayVote: false, shows: [...Array(9).fill('unsettled'), 'written'] });
    return at.running(script, async (handle, log) => {
      await loses(handle, log);
      await at.until(() => looks.length === 3);
      const before = settled();
      expect(await says(handle, 'bo', true)).toMatchObject({ status: 'counted' });
      await at.until(() => settled() > before);
      await at.env.sleep(60_000);
      expect(settled()).toBeLessThanOrEqual(before + 2); // by the vote, and by the next look at most
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
  });

  it('does not lose a word that comes while the EHR is being asked', () => {
    const { script } = lost();
    const held = gate();
    let asked = 0;
    const readBack = async (): Promise<ReadBack> => {
      asked += 1;
      await held.passed;
      return { status: 'unsettled' };
    };
    return at.running({ ...script, readBack }, async (handle, log) => {
      await loses(handle, log);
      await at.until(() => asked > 0);
      expect(await says(handle, 'bo', true)).toMatchObject({ status: 'counted' });
      held.open();
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(asked).toBe(1);
    });
  });

  it('does not lose a word that comes while the database is being asked', () => {
    const { script, looks } = lost();
    const held = gate();
    let asked = 0;
    let answered = false;
    /** The third time it has read the votes, and its answer is long in coming. */
    const settle: Script['settle'] = async (...of) => {
      if (looks.length < 3 || answered) return script.settle?.(...of) ?? unknownWith([]);
      asked += 1;
      await held.passed;
      return unknownWith([]);
    };
    return at.running({ ...script, settle }, async (handle, log) => {
      await loses(handle, log);
      await at.until(() => asked > 0);
      expect(await says(handle, 'bo', true)).toMatchObject({ status: 'counted' });
      answered = true;
      held.open();
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(looks).toHaveLength(3); // nobody waited for the next
    });
  });

  it('asks an EHR that fails again later', () => {
    const { script, looks } = lost({ shows: ['unsettled', 'written'] });
    const readBack: Script['readBack'] = async (admission, warrant) => {
      const shown = await script.readBack?.(admission, warrant);
      if (looks.length === 1) throw ApplicationFailure.nonRetryable('ehr.unavailable', 'ehr.unavailable');
      return shown ?? { status: 'unsettled' };
    };
    return at.running({ ...script, readBack }, async (handle, log) => {
      await loses(handle, log);
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(looks).toHaveLength(2);
    });
  });

  it('is not looked for without a warrant: somebody settled it already', () => {
    const { script } = lost();
    const settle: Script['settle'] = async () => ({ status: 'completed' });
    return at.running({ ...script, settle, warrantReadBack: async () => undefined }, async (handle, log) => {
      await loses(handle, log);
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log).not.toContain('readBack');
    });
  });

  it('cannot be cancelled away', () => {
    const { script, looks } = lost();
    return at.running(script, async (handle, log) => {
      await loses(handle, log);
      await handle.cancel();
      await at.until(() => looks.length === 2);
      await says(handle, 'bo', true);
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
  });
});

describe('a run that finds the outcome unknown', () => {
  it('asks nobody for the write, and goes on looking', () => {
    const { script, looks } = lost({ shows: ['unsettled', 'written'] });
    let told: Outcome | undefined;
    const found: Script = {
      ...script,
      classify: async () => ({ status: 'unresolved', tier: 'T2' }),
      conclude: async (_, outcome) => {
        told = outcome;
        return unknownWith([]);
      },
    };
    return at.running(found, async (handle, log) => {
      expect(await admit(handle)).toEqual({ status: 'concluded', as: 'outcome_unknown' });
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(told).toEqual({ status: 'unresolved' });
      expect(looks).toHaveLength(2);
      expect([times(log, 'prepare'), times(log, 'write')]).toEqual([0, 0]);
    });
  });

  it('goes on with the rounds of asking after those that an earlier run took', () => {
    const { script, looks } = lost();
    const rounds: number[] = [];
    const given: Script = {
      ...script,
      classify: async () => ({ status: 'unresolved', tier: 'T2' }),
      conclude: async () => {
        const { resolution, ...rest } = unknownWith([]);
        return { ...rest, ...(resolution && { resolution: { ...resolution, looked: 10 } }) };
      },
      warrantReadBack: async (_, round) => {
        rounds.push(round);
        return minted;
      },
    };
    return at.running(given, async (handle, log) => {
      await admit(handle);
      await at.until(() => log.includes('conclude'));
      await at.env.sleep(day);
      expect(looks).toHaveLength(2);
      expect(rounds).toEqual([11, 12]);
      expect(await says(handle, 'bo', true)).toMatchObject({ status: 'counted' });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
  });

  it('ends at once by a human’s word that an earlier run counted', () => {
    const { script, looks } = lost();
    return at.running(
      {
        ...script,
        classify: async () => ({ status: 'unresolved', tier: 'T2' }),
        conclude: async ({ action }) => {
          const said = envelope(action, 'bo', 'approve', { revision: 3, meaning: 'approve.took_effect' });
          const decision = { ...said.decision, actingRoles: [role('senior_clinician')] };
          return unknownWith([countedVote({ ...said, decision })]);
        },
        settle: async () => ({ status: 'completed' }),
      },
      async (handle) => {
        expect(await handle.result()).toEqual({ status: 'completed' });
        expect(looks).toHaveLength(0);
      },
    );
  });
});
