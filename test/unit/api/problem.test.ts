import { describe, expect, it } from '@jest/globals';
import { Refusal, type RefusalCode } from '../../../src/action/refusal.js';
import { failureCode, isOutage } from '../../../src/api/outage.js';
import { isFinalForVote, problemOf, voteProblem } from '../../../src/api/problem.js';

describe('a refusal over HTTP', () => {
  it.each<[RefusalCode, number]>([
    ['request.invalid', 400],
    ['token.missing', 401],
    ['token.expired', 401],
    ['token.scope', 403],
    ['principal.other_agent', 401],
    ['action.not_found', 404],
    ['action.not_releasable', 409],
    ['action.release_over', 410],
    ['key.gone', 410],
    ['type.unknown', 422],
    ['vote.self', 409],
    ['challenge.closed', 409],
    ['identity.unreachable', 503],
    ['evidence.not_yet', 503],
    ['rulebook.missing', 503],
  ])('%s is %i', (code, status) => {
    expect(problemOf(new Refusal(code, 'Said.', { suggestion: 'x' }))).toEqual({
      type: 'about:blank',
      status,
      code,
      title: 'Said.',
      suggestion: 'x',
    });
  });

  it.each<RefusalCode>(['warrant.spent', 'key.forbidden', 'audit.conflict'])(
    'that no caller should hear of, %s, is internal',
    (code) => {
      const problem = problemOf(new Refusal(code, 'A secret of ours'));
      expect(problem).toMatchObject({ status: 500, code: 'internal' });
      expect(JSON.stringify(problem)).not.toContain('secret');
    },
  );

  it('of a vote is final, but where the same vote may still count', () => {
    expect(voteProblem('vote.late').status).toBe(409);
    expect(voteProblem('vote.not_heard_of')).toMatchObject({ status: 409, title: 'This vote does not count.' });
    expect(voteProblem('vote.busy').status).toBe(503);
    expect(voteProblem('vote.not_open').status).toBe(503);
    expect(voteProblem('vote.too_many', 30)).toMatchObject({ status: 429, code: 'vote.too_many', retryAfter: 30 });
    expect(['vote.late', 'vote.busy', 'vote.not_open', 'vote.too_many'].map(isFinalForVote)).toEqual([
      ...[true, false, false, false],
    ]);
  });
});

describe('an outage', () => {
  const coded = (code: unknown, cause?: unknown): Error => Object.assign(new Error('text', { cause }), { code });
  it.each([
    ['a refused connection', coded('ECONNREFUSED'), true],
    ['a database that shuts down', coded('57P01'), true],
    ['a full disk', coded('53100'), true],
    ['Temporal unavailable, wrapped', coded(undefined, coded(14)), true],
    ['a lost connection', new Error('Connection terminated unexpectedly'), true],
    ['a violated constraint', coded('23514'), false],
    ['a missing privilege', coded('42501'), false],
    ['a defect', new TypeError('x is not a function'), false],
    ['gRPC: not found', coded(5), false],
  ])('%s: %#', (_what, error, expected) => {
    expect(isOutage(error)).toBe(expected);
  });

  it('of a worker is named by the type of the innermost failure', () => {
    const inner = Object.assign(new Error('hidden'), { type: 'vote.busy' });
    expect(failureCode(new Error('update failed', { cause: new Error('activity', { cause: inner }) }))).toBe(
      'vote.busy',
    );
    expect(failureCode(new Error('plain'))).toBeUndefined();
  });
});
