import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Concluded, Decided } from '../../src/action/types.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { asksFirst, envelope, minted, personOf, waits, type Script } from '../support/scripted.js';
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
let env: TestWorkflowEnvironment;
const running: WorkflowStage['running'] = (...run) => at.running(...run);
const until: WorkflowStage['until'] = (condition) => at.until(condition);
beforeAll(async () => {
  at = await workflowStage();
  ({ env } = at);
});
afterAll(() => at?.stop());

const hour = 3_600_000;

describe('an action that nobody has to approve', () => {
  it('is classified, performed and concluded, and asks no relation', () =>
    running({ classify: async () => ({ status: 'authorised', tier: 'T0', warrant: minted }) }, async (handle, log) => {
      expect(await admit(handle)).toEqual({ status: 'accepted', tier: 'T0', needs: { status: 'nobody' } });
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log).toEqual(['classify', 'perform', 'conclude']);
    }));
});

describe('an action that waits for people', () => {
  const afterwards = ['recordVote', 'authorise', 'perform', 'conclude'];
  it.each<[what: string, script: Script, log: readonly string[]]>([
    ['the relation asked first', asksFirst, ['classify', 'relate', 'classifyAsked', ...afterwards]],
    ['nothing asked where the relation is known', {}, ['classify', ...afterwards]],
  ])('is performed after the quorum, with %s', (_what, script, expected) =>
    running(script, async (handle, log) => {
      expect(await admit(handle)).toMatchObject({ status: 'accepted', tier: 'T1' });
      expect(await vote(handle, envelope(actionOf(handle), 'ada'))).toMatchObject({ status: 'counted' });
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log).toEqual(expected);
    }),
  );

  it('takes a vote by Signal for the same as one by Update', () =>
    running({}, async (handle, log) => {
      await admit(handle);
      await handle.signal('vote', envelope(actionOf(handle), 'ada'));
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log).toContain('recordVote');
    }));

  it('ends denied by one deny, though others approved', () =>
    running({ classify: async () => waits({ count: 2 }) }, async (handle, log) => {
      await admit(handle);
      await vote(handle, envelope(actionOf(handle), 'ada'));
      await vote(handle, envelope(actionOf(handle), 'bo', 'deny'));
      expect(await handle.result()).toEqual({ status: 'denied' });
      expect(log).not.toContain('perform');
    }));

  it('is not performed when the rules changed between the vote and the warrant', () =>
    running({ authorise: async () => ({ status: 'refused', rules: ['agent.suspended'] }) }, async (handle, log) => {
      await admit(handle);
      await vote(handle, envelope(actionOf(handle), 'ada'));
      expect(await handle.result()).toEqual({ status: 'refused' });
      expect(log).not.toContain('perform');
    }));

  it('is refused by classify without asking anybody', () =>
    running({ classify: async () => ({ status: 'refused', rules: ['relation.not_related'] }) }, async (handle, log) => {
      expect(await admit(handle)).toEqual({ status: 'refused', rules: ['relation.not_related'] });
      expect(await handle.result()).toEqual({ status: 'refused' });
      expect(new Set(log)).toEqual(new Set(['classify', 'conclude'])); // an admit that comes meanwhile repeats the task
    }));

  it('is classified when the EHR gave no answer, and the EHR is not asked again', () =>
    running(
      {
        ...asksFirst,
        relate: async () => {
          throw ApplicationFailure.nonRetryable('ehr.unavailable', 'ehr.unavailable');
        },
        classifyAsked: async () => ({ status: 'refused', rules: ['relation.unknown'] }),
      },
      async (handle, log) => {
        expect(await handle.result()).toEqual({ status: 'refused' });
        expect(log).toEqual(['classify', 'relate', 'classifyAsked', 'conclude']);
      },
    ));
});

describe('the deadline', () => {
  it('expires an action that nobody approved, at the deadline and not before', () =>
    running({}, async (handle, log) => {
      await admit(handle);
      const opened = await env.currentTimeMs();
      expect(await handle.result()).toEqual({ status: 'expired' });
      const waited = (await env.currentTimeMs()) - opened;
      expect(waited).toBeGreaterThan(4 * hour - 60_000);
      expect(waited).toBeLessThan(4 * hour + 60_000);
      expect(log).not.toContain('authorise');
    }));

  it('is announced once, at the time that classify returned, and the action goes on to wait', () =>
    running({}, async (handle, log) => {
      await admit(handle);
      await env.sleep(2 * hour - 60_000);
      expect(log).not.toContain('remind');
      await env.sleep(120_000);
      expect(log.filter((name) => name === 'remind')).toHaveLength(1);
      await vote(handle, envelope(actionOf(handle), 'ada'));
      expect(await handle.result()).toEqual({ status: 'completed' });
    }));

  it('is not stretched by a reminder that fails', () =>
    running(
      {
        remind: async () => {
          throw ApplicationFailure.nonRetryable('internal.defect', 'internal.defect');
        },
      },
      async (handle) => {
        await admit(handle);
        const opened = await env.currentTimeMs();
        expect(await handle.result()).toEqual({ status: 'expired' });
        expect((await env.currentTimeMs()) - opened).toBeLessThan(4 * hour + 60_000);
      },
    ));

  it.each<[what: string, stored: Decided, end: string]>([
    ['a quorum that the database counted', { status: 'approved' }, 'completed'],
    ['a no that the database counted', { status: 'denied', by: personOf('bo') }, 'denied'],
  ])('finds %s and this workflow never heard of', (_what, stored, end) =>
    running({ expire: async () => stored }, async (handle, log) => {
      await admit(handle);
      expect(await handle.result()).toEqual({ status: end });
      expect(log.filter((name) => name === 'expire')).toHaveLength(1);
      expect(log.includes('authorise')).toBe(stored.status === 'approved');
    }),
  );

  it('asks the database only when the votes that came here decide nothing', () =>
    running({}, async (handle, log) => {
      await admit(handle);
      await vote(handle, envelope(actionOf(handle), 'ada'));
      await handle.result();
      expect(log).not.toContain('expire');
    }));

  it('still takes a vote that the database had before it, a moment after it', () =>
    running({ classify: async () => waits({ remindIn: 0 }) }, async (handle, log) => {
      await admit(handle);
      await env.sleep(4 * hour + 500);
      expect(log).not.toContain('expire');
      expect(await vote(handle, envelope(actionOf(handle), 'ada'))).toMatchObject({ status: 'counted' });
      expect(await handle.result()).toEqual({ status: 'completed' });
    }));

  it('is not undone by a vote that comes while the action concludes, even if the task runs again', () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let stored: Concluded | undefined;
    return running(
      {
        classify: async () => waits({ deadlineIn: 2_000, remindIn: 1_000 }),
        recordVote: async () => ({ status: 'refused', code: 'vote.late' }), // what the database says after the deadline
        conclude: async (_, { status }) => {
          stored ??= { status: status === 'expired' ? 'expired' : 'failed' };
          await held;
          return stored;
        },
      },
      async (handle, log) => {
        await admit(handle);
        await until(() => log.includes('conclude'));
        const late = vote(handle, envelope(actionOf(handle), 'ada')).catch(() => undefined);
        release();
        expect(await handle.result()).toEqual({ status: 'expired' });
        expect(await late).not.toMatchObject({ status: 'counted' });
        expect(log).not.toContain('perform');
      },
    );
  });
});

describe('a vote that must not count', () => {
  it.each<[string, (own: DecisionEnvelope) => unknown, string]>([
    ['for another revision', (own) => ({ ...own, decision: { ...own.decision, revision: 2 } }), 'vote.stale'],
    [
      'for another action',
      (own) => ({ ...own, decision: { ...own.decision, action: 'b'.repeat(26) } }),
      'vote.other_action',
    ],
    ['that the codec could not read', () => ({ $unreadable: 'altered' }), 'vote.malformed'],
    ['with a field that no decision has', (own) => ({ ...own, note: 'free text' }), 'vote.malformed'],
    ['of no shape at all', () => null, 'vote.malformed'],
  ])('is refused: one %s', (_which, forge, code) =>
    running({}, async (handle, log) => {
      await admit(handle);
      const forged = forge(envelope(actionOf(handle), 'ada'));
      const failure = await handle.executeUpdate('vote', { args: [forged] }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(WorkflowUpdateFailedError);
      expect(failure instanceof Error && failure.cause).toMatchObject({ type: code });
      expect(await acceptedUpdates(handle)).toBe(1); // admit's: a refused vote leaves no trace in the history
      expect(log).not.toContain('recordVote');
      await handle.signal('vote', forged); // must not fail the workflow
      await vote(handle, envelope(actionOf(handle), 'ada'));
      expect(await handle.result()).toEqual({ status: 'completed' });
      expect(log).toContain('refuseVote');
    }),
  );

  it('is refused: a second one of the same person', () =>
    running({ classify: async () => waits({ count: 2 }) }, async (handle) => {
      await admit(handle);
      const own = actionOf(handle);
      await vote(handle, envelope(own, 'ada'));
      expect(
        await refusedAs(
          vote(handle, envelope(own, 'ada', 'approve', { challenge: '00000000-0000-4000-8000-0000000002ff' })),
        ),
      ).toBe('vote.duplicate');
      await vote(handle, envelope(own, 'bo'));
      expect(await handle.result()).toEqual({ status: 'completed' });
    }));

  it('leaves the action waiting when its proof does not verify', () =>
    running({ recordVote: async () => ({ status: 'refused', code: 'vote.proof_invalid' }) }, async (handle, log) => {
      await admit(handle);
      expect(await vote(handle, envelope(actionOf(handle), 'ada'))).toEqual({
        status: 'refused',
        code: 'vote.proof_invalid',
      });
      expect(await handle.result()).toEqual({ status: 'expired' });
      expect(log).not.toContain('perform');
    }));
});

describe('a cancel', () => {
  it('while people are asked ends the action without effect', () =>
    running({}, async (handle, log) => {
      await admit(handle);
      await handle.cancel();
      expect(await handle.result()).toEqual({ status: 'cancelled' });
      expect(log).not.toContain('perform');
      expect(log.at(-1)).toBe('conclude');
    }));

  it('while the relation is asked still answers admit and concludes', () =>
    running({ ...asksFirst, relate: untilCancelled }, async (handle, log) => {
      const admitted = admit(handle);
      await until(() => log.includes('relate'));
      await handle.cancel();
      expect(await admitted).toEqual({ status: 'concluded', as: 'cancelled' });
      expect(await handle.result()).toEqual({ status: 'cancelled' });
    }));

  it('while it performs waits for the attempt, and tells what the database says', () =>
    running(
      {
        perform: async () => {
          await untilCancelled().catch(() => undefined); // the effect had happened when the cancel came
          return { status: 'performed', records: 1, truncated: false };
        },
      },
      async (handle, log) => {
        await admit(handle);
        await vote(handle, envelope(actionOf(handle), 'ada'));
        await until(() => log.includes('perform'));
        await handle.cancel();
        expect(await handle.result()).toEqual({ status: 'completed' });
      },
    ));

  it('while it is being classified ends the action without effect', () => {
    const held = gate();
    return running(
      {
        classify: async () => {
          await held.passed;
          return waits();
        },
      },
      async (handle, log) => {
        await until(() => log.includes('classify'));
        await handle.cancel();
        held.open();
        expect(await handle.result()).toEqual({ status: 'cancelled' });
        expect(log).not.toContain('perform');
      },
    );
  });

  it('while the action concludes changes nothing: it ends as it was ending', () => {
    const held = gate();
    let stored: Concluded | undefined; // first writer wins, as in the database
    return running(
      {
        conclude: async (_, { status }) => {
          stored ??= { status: status === 'performed' ? 'completed' : 'cancelled' };
          await held.passed;
          return stored;
        },
      },
      async (handle, log) => {
        await admit(handle);
        await vote(handle, envelope(actionOf(handle), 'ada'));
        await until(() => log.includes('conclude'));
        await handle.cancel();
        held.open();
        expect(await handle.result()).toEqual({ status: 'completed' });
      },
    );
  });

  it('or a vote after the end is answered by the server, and changes nothing', () =>
    running({}, async (handle) => {
      await admit(handle);
      const own = envelope(actionOf(handle), 'ada');
      await vote(handle, own);
      expect(await handle.result()).toEqual({ status: 'completed' });
      await handle.cancel().catch(() => undefined); // this server says yes to it, the real one does not
      await expect(vote(handle, envelope(actionOf(handle), 'bo', 'deny'))).rejects.toBeInstanceOf(
        WorkflowNotFoundError,
      );
      await expect(handle.signal('vote', own)).rejects.toBeInstanceOf(WorkflowNotFoundError);
      expect(await handle.result()).toEqual({ status: 'completed' });
    }));

  it('twice is once', () =>
    running({}, async (handle, log) => {
      await admit(handle);
      await Promise.all([handle.cancel(), handle.cancel()]);
      expect(await handle.result()).toEqual({ status: 'cancelled' });
      expect(log.filter((name) => name === 'conclude')).toHaveLength(1);
    }));

  it('does not lose a vote that is being verified, and concludes after it', () => {
    let verified = (): void => undefined;
    const verification = new Promise<void>((resolve) => (verified = resolve));
    return running(
      {
        recordVote: async () => {
          await verification;
          return { status: 'refused', code: 'vote.late' };
        },
      },
      async (handle, log) => {
        await admit(handle);
        const voting = vote(handle, envelope(actionOf(handle), 'ada'));
        await until(() => log.includes('recordVote'));
        await handle.cancel();
        verified();
        expect(await voting).toEqual({ status: 'refused', code: 'vote.late' });
        expect(await handle.result()).toEqual({ status: 'cancelled' });
      },
    );
  });
});

describe('a failure', () => {
  it('with one of our codes is an outcome', () =>
    running(
      {
        perform: async () => {
          throw ApplicationFailure.nonRetryable('warrant.expired', 'warrant.expired');
        },
        conclude: async (_, outcome) => {
          expect(outcome).toEqual({ status: 'failed', code: 'warrant.expired' });
          return { status: 'failed' };
        },
      },
      async (handle) => {
        await admit(handle);
        await vote(handle, envelope(actionOf(handle), 'ada'));
        expect(await handle.result()).toEqual({ status: 'failed' });
      },
    ));

  it('of an unreadable admission ends the workflow without touching any action', async () => {
    const handle = await env.client.workflow.start('governedAction', {
      workflowId: 'act/unreadable',
      taskQueue: 'governance',
      args: [{ $unreadable: 'erased' }],
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'admission.unreadable' } });
  });
});

/** How many updates the workflow took. */
async function acceptedUpdates(handle: Handle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
}
