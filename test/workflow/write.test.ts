/** Writes: what is prepared before anybody is asked, and what happens when the record moves on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { action } from '../../src/action/ids.js';
import type { Outcome, Prepared, Written } from '../../src/action/types.js';
import { countedVote, envelope, newAdmission, waits, type Name, type Script } from '../support/scripted.js';
import {
  actionOf,
  admit,
  gate,
  refusedAs,
  untilCancelled,
  vote,
  workflowStage,
  type Handle,
  type WorkflowStage,
} from './stage.js';

let at: WorkflowStage;
beforeAll(async () => {
  at = await workflowStage();
});
afterAll(() => at?.stop());

const hour = 3_600_000;
const asked: Script = { classify: async () => waits({ tier: 'T2', writes: true }) };
const twoAsked: Script = { classify: async () => waits({ tier: 'T2', writes: true, count: 2 }) };
const yes = (handle: Handle, by: Name, revision = 2) =>
  vote(handle, envelope(actionOf(handle), by, 'approve', { revision }));
const times = (log: readonly string[], name: string) => log.filter((each) => each === name).length;

/** As the gateway prepares and writes: every preparation adds a revision, and the first writes meet a record that moved on. */
function moving(conflicts: number): Pick<Script, 'prepare' | 'write'> {
  let revision = 1;
  let left = conflicts;
  return {
    prepare: async (): Promise<Prepared> => ({ status: 'prepared', revision: (revision += 1) }),
    write: async (): Promise<Written> =>
      (left -= 1) >= 0 ? { status: 'conflict' } : { status: 'performed', records: 1, truncated: false },
  };
}
/** Keeps what the workflow said of its end. */
function ending(): { readonly conclude: NonNullable<Script['conclude']>; readonly told: () => Outcome | undefined } {
  let told: Outcome | undefined;
  return {
    conclude: async (_, outcome) => {
      told ??= outcome;
      return { status: outcome.status === 'refused' ? 'refused' : 'failed' };
    },
    told: () => told,
  };
}

describe('a write', () => {
  it('is prepared before anybody is asked, and written after the quorum', () => {
    const held = gate();
    const prepare = async (): Promise<Prepared> => {
      await held.passed;
      return { status: 'prepared', revision: 2 };
    };
    return at.running({ ...asked, prepare }, async (handle, log) => {
      expect(await admit(handle)).toMatchObject({ status: 'accepted', tier: 'T2' });
      await at.until(() => log.includes('prepare'));
      expect(await refusedAs(yes(handle, 'ada'))).toBe('vote.not_open');
      expect(await refusedAs(yes(handle, 'ada', 1))).toBe('vote.not_open');
      held.open();
      await voted(handle, 'ada', 2);
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log).toEqual([
        ...['classify', 'warrantPreparation', 'prepare'],
        ...['recordVote', 'authorise', 'write', 'conclude'],
      ]);
    });
  });

  it('counts votes for what was prepared, and none for the request as it was asked', () =>
    at.running(asked, async (handle, log) => {
      await at.until(() => log.includes('prepare'));
      await opened(handle);
      expect(await refusedAs(yes(handle, 'ada', 1))).toBe('vote.stale');
      expect(await refusedAs(yes(handle, 'ada', 3))).toBe('vote.stale');
      expect(log).not.toContain('recordVote');
      await yes(handle, 'ada');
      expect(await handle.result()).toEqual({ status: 'completed' });
    }));

  it('is not prepared again by a run that finds it prepared', () =>
    at.running(
      { ...asked, warrantPreparation: async () => ({ status: 'prepared', revision: 4 }) },
      async (handle, log) => {
        await admit(handle);
        await voted(handle, 'ada', 4);
        expect(await handle.result()).toEqual({ status: 'completed' });
        expect(log).not.toContain('prepare');
      },
    ));

  it('ends refused where the change does not fit what is in the record, and nobody is asked', () => {
    const { conclude, told } = ending();
    const prepare = async (): Promise<Prepared> => ({ status: 'refused', rules: ['write.other_target'] });
    return at.running({ ...asked, conclude, prepare }, async (handle, log) => {
      expect(await handle.result()).toEqual({ status: 'refused' });
      expect(told()).toEqual({ status: 'refused', rules: ['write.other_target'] });
      expect(log).not.toContain('write');
    });
  });

  it('ends as it had ended before when a run comes too late to prepare', () => {
    const { conclude, told } = ending();
    return at.running(
      { ...asked, conclude, warrantPreparation: async () => ({ status: 'ended' }) },
      async (handle, log) => {
        await handle.result();
        expect(told()).toEqual({ status: 'failed', code: 'action.ended' });
        expect(log).not.toContain('prepare');
      },
    );
  });

  it('is not written when the rules changed between the vote and the warrant', () =>
    at.running(
      { ...asked, authorise: async () => ({ status: 'refused', rules: ['agent.suspended'] }) },
      async (handle, log) => {
        await voted(handle, 'ada', 2);
        expect(await handle.result()).toEqual({ status: 'refused' });
        expect(log).not.toContain('write');
      },
    ));
});

describe('a record that moved on', () => {
  it('is prepared again; the votes so far are for nothing, and people are asked anew', () =>
    at.running({ ...twoAsked, ...moving(1) }, async (handle, log) => {
      await voted(handle, 'ada', 2);
      await voted(handle, 'bo', 2);
      await at.until(() => times(log, 'prepare') === 2);
      await opened(handle);
      expect(await refusedAs(yes(handle, 'cy', 2))).toBe('vote.stale');
      await voted(handle, 'ada', 3);
      expect(times(log, 'authorise')).toBe(1); // one yes of two
      await voted(handle, 'cy', 3);
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log.slice(log.indexOf('write'))).toEqual([
        ...['write', 'reopen', 'warrantPreparation', 'prepare'],
        ...['recordVote', 'recordVote', 'authorise', 'write', 'conclude'],
      ]);
    }));

  it('has whoever votes before it is prepared again come again, and is late for nobody', () => {
    const held = gate();
    let revision = 1;
    const prepare = async (): Promise<Prepared> => {
      revision += 1;
      if (revision === 3) await held.passed;
      return { status: 'prepared', revision };
    };
    return at.running({ ...asked, ...moving(1), prepare }, async (handle, log) => {
      await voted(handle, 'ada', 2);
      await at.until(() => times(log, 'prepare') === 2);
      expect(await refusedAs(yes(handle, 'ada', 3))).toBe('vote.not_open');
      held.open();
      await voted(handle, 'ada', 3);
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
  });

  it('gives nobody more time: the deadline is still the first', () =>
    at.running({ ...asked, ...moving(1) }, async (handle, log) => {
      await admit(handle);
      const opened = await at.env.currentTimeMs();
      await at.env.sleep(3 * hour);
      await voted(handle, 'ada', 2);
      expect(await handle.result()).toEqual({ status: 'expired' });
      expect((await at.env.currentTimeMs()) - opened).toBeLessThan(4 * hour + 60_000);
      expect(times(log, 'write')).toBe(1);
      expect(times(log, 'remind')).toBe(1); // and reminds nobody twice
    }));

  it('a human may deny what was prepared again', () =>
    at.running({ ...asked, ...moving(1) }, async (handle, log) => {
      await voted(handle, 'ada', 2);
      await at.until(() => times(log, 'prepare') === 2);
      await opened(handle);
      await vote(handle, envelope(actionOf(handle), 'bo', 'deny', { revision: 3 }));
      expect(await handle.result()).toEqual({ status: 'denied' });
      expect(times(log, 'write')).toBe(1);
    }));

  it('ten times ends the action', () => {
    const { conclude, told } = ending();
    return at.running({ ...asked, ...moving(20), conclude }, async (handle, log) => {
      for (let revision = 2; revision <= 11; revision++) await voted(handle, 'ada', revision);
      expect(await handle.result()).toEqual({ status: 'failed' });
      expect(told()).toEqual({ status: 'failed', code: 'write.conflict' });
      expect([times(log, 'write'), times(log, 'reopen')]).toEqual([10, 10]);
    });
  });
});

describe('votes that an earlier run counted', () => {
  /** A run that finds two votes asked, and these counted. */
  const found = (own: ReturnType<typeof newAdmission>, revision: number): Script => ({
    classify: async () => {
      const votes = [countedVote(envelope(own.action, 'ada', 'approve', { revision }))];
      return waits({ tier: 'T2', writes: true, count: 2, revision: 2, votes });
    },
    warrantPreparation: async () => ({ status: 'prepared', revision: 2 }),
  });

  it('are taken over', () =>
    at.running(found(newAdmission(), 2), async (handle, log) => {
      await opened(handle);
      expect(await refusedAs(yes(handle, 'ada'))).toBe('vote.duplicate');
      await yes(handle, 'bo');
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(times(log, 'recordVote')).toBe(1);
    }));

  it('on another revision are not', () =>
    at.running(found(newAdmission(), 1), async (handle, log) => {
      await opened(handle);
      await yes(handle, 'bo');
      expect(await handle.result()).toEqual({ status: 'expired' });
      expect(log).not.toContain('write');
    }));

  it('are enough for a read, if they are the quorum', () => {
    const votes = [countedVote(envelope(newAdmission().action, 'ada'))];
    return at.running({ classify: async () => waits({ votes }) }, async (handle, log) => {
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log).not.toContain('recordVote');
    });
  });
});

describe('a cancel', () => {
  it('while the record is read ends the action without effect', () =>
    at.running({ ...asked, prepare: untilCancelled }, async (handle, log) => {
      await at.until(() => log.includes('prepare'));
      await handle.cancel();
      expect(await handle.result()).toEqual({ status: 'cancelled' });
      expect(log.at(-1)).toBe('conclude');
      expect(log).not.toContain('write');
    }));

  it('while people are asked about what was prepared does too', () =>
    at.running(asked, async (handle, log) => {
      await at.until(() => log.includes('prepare'));
      await opened(handle);
      await handle.cancel();
      expect(await handle.result()).toEqual({ status: 'cancelled' });
      expect(log).not.toContain('write');
    }));

  it('while it is written waits for the attempt, and tells what the database says', () => {
    const write = async (): Promise<Written> => {
      await untilCancelled().catch(() => undefined); // it was sent when the cancel came
      return { status: 'performed', records: 1, truncated: false };
    };
    return at.running({ ...asked, write }, async (handle, log) => {
      await voted(handle, 'ada', 2);
      await at.until(() => log.includes('write'));
      await handle.cancel();
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
  });

  it('while it is written and the record had moved on asks nobody again', () => {
    const write = async (): Promise<Written> => {
      await untilCancelled().catch(() => undefined);
      return { status: 'conflict' };
    };
    return at.running({ ...asked, write }, async (handle, log) => {
      await voted(handle, 'ada', 2);
      await at.until(() => log.includes('write'));
      await handle.cancel();
      expect(await handle.result()).toEqual({ status: 'cancelled' });
      expect(times(log, 'prepare')).toBe(1);
    });
  });
});

/** Waits until the workflow listens for votes. */
async function opened(handle: Handle): Promise<void> {
  const probe = () => refusedAs(vote(handle, envelope(action('b'.repeat(26)), 'ada', 'approve', { revision: 2 })));
  for (let code = await probe(); code !== 'vote.other_action'; code = await probe()) await at.env.sleep(20);
}

/** Votes as a person does who is told to come again in a moment. */
async function voted(handle: Handle, by: Name, revision: number): Promise<void> {
  for (;;) {
    const code = await refusedAs(yes(handle, by, revision));
    if (code === undefined) return;
    if (!['vote.not_open', 'vote.stale'].includes(code ?? '')) throw new Error(`refused: ${code}`);
    await at.env.sleep(20);
  }
}
