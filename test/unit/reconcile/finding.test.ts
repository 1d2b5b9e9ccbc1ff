import { describe, expect, it } from '@jest/globals';
import { finalStatuses, statusSchema, type Status } from '../../../src/action/types.js';
import { findings, judgeRun, type Judgement, type LatestRun, type OpenAction } from '../../../src/reconcile/finding.js';

const started = (status: Status): OpenAction => ({ status, started: true, overdue: true });
const run = (status: LatestRun['status']): LatestRun => ({ run: 'r', first: 'r', status });
const open = statusSchema.options.filter((status) => !finalStatuses.some((final) => final === status));
const closed = findings.filter((finding) => finding !== 'workflow.deleted');

describe('an open action, held against its latest run', () => {
  it.each(open)('in %s fits a run that is open', (status) => {
    expect(judgeRun(started(status), run('open'))).toEqual({ status: 'fits' });
  });

  it.each(open.flatMap((status) => closed.map((finding) => [status, finding] as const)))(
    'in %s is lost when that was ended as %s',
    (status, finding) => {
      const next = status === 'outcome_unknown' ? 'resume' : 'end';
      expect(judgeRun(started(status), run(finding))).toEqual({ status: 'lost', finding, next });
      expect(judgeRun({ status, started: false, overdue: false }, run(finding))).toMatchObject({ status: 'lost' });
    },
  );

  it('draws no conclusion from a state that it does not know', () => {
    expect(judgeRun(started('performing'), run('unknown'))).toEqual({ status: 'fits' });
  });

  it('is marked as started when its run is found before the API noted it', () => {
    const action = { status: 'awaiting_approval', started: false, overdue: false } as const;
    expect(judgeRun(action, run('open'))).toEqual({ status: 'unmarked' });
  });

  const without: readonly [what: string, action: OpenAction, judged: Judgement][] = [
    ['was just opened', { status: 'requested', started: false, overdue: false }, { status: 'fits' }],
    [
      'was opened long ago, and never started',
      { status: 'requested', started: false, overdue: true },
      { status: 'never_started' },
    ],
    ['was started', started('requested'), { status: 'lost', finding: 'workflow.deleted', next: 'end' }],
    [
      'moved on, though nobody noted its start',
      { status: 'awaiting_approval', started: false, overdue: false },
      { status: 'lost', finding: 'workflow.deleted', next: 'end' },
    ],
    [
      'has an unknown outcome',
      started('outcome_unknown'),
      { status: 'lost', finding: 'workflow.deleted', next: 'resume' },
    ],
  ];
  it.each(without)('without any run, one that %s', (_what, action, judged) => {
    expect(judgeRun(action, undefined)).toEqual(judged);
  });
});

describe('an action that has ended', () => {
  it.each(finalStatuses)('as %s fits whatever is found', (status) => {
    for (const latest of [undefined, run('open'), ...closed.map(run)])
      expect(judgeRun(started(status), latest)).toEqual({ status: 'fits' });
  });
});
