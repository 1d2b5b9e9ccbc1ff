import { describe, expect, it } from '@jest/globals';
import { person } from '../../../src/action/ids.js';
import { Sessions, sessionLife } from '../../../src/codec-server/sessions.js';

const finn = person('00000000-0000-4000-8000-000000000001');

function stage(capacity?: number) {
  let now = 0;
  let made = 0;
  const sessions = new Sessions({
    clock: () => now,
    newToken: () => `t${++made}`,
    ...(capacity !== undefined && { capacity }),
  });
  return { sessions, pass: (ms: number) => (now += ms) };
}

describe('the session of an operator', () => {
  it('lasts as long as it is used', () => {
    const { sessions, pass } = stage();
    const token = sessions.open(finn);
    for (let round = 0; round < 5; round++) {
      pass(sessionLife.idle - 1);
      expect(sessions.use(token)).toBe(finn);
    }
    pass(sessionLife.idle);
    expect(sessions.use(token)).toBeUndefined();
  });

  it('ends after its whole life, however busy', () => {
    const { sessions, pass } = stage();
    const token = sessions.open(finn);
    const step = sessionLife.idle / 2;
    for (let used = step; used < sessionLife.whole; used += step) {
      pass(step);
      expect(sessions.use(token)).toBe(finn);
    }
    pass(step);
    expect(sessions.use(token)).toBeUndefined();
  });

  it('ends at sign-out, and no made-up token is one', () => {
    const { sessions } = stage();
    const token = sessions.open(finn);
    sessions.close(token);
    expect(sessions.use(token)).toBeUndefined();
    expect(sessions.use('')).toBeUndefined();
    expect(sessions.use(undefined)).toBeUndefined();
  });

  it('makes room by ending the one longest unused', () => {
    const { sessions } = stage(2);
    const [first, second] = [sessions.open(finn), sessions.open(finn)];
    sessions.use(first);
    sessions.open(finn);
    expect(sessions.use(first)).toBe(finn);
    expect(sessions.use(second)).toBeUndefined();
  });
});
