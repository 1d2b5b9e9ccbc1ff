import { describe, expect, it } from '@jest/globals';
import { signInDesk, type SignInAttempt, type SignInVerdict } from '../../../sandbox/src/idp/sign-in.js';
import { base32, totpCode, totpStep } from '../../../sandbox/src/idp/totp.js';

const at = Date.parse('2026-03-02T09:00:10Z');
const now = totpStep(at, 30);
const credentials = (person: string, secret: string) => ({
  person,
  password: `password of ${person}`,
  totpSecret: base32(new TextEncoder().encode(secret)),
  totpPeriod: 30,
});
const amara = credentials('amara', 'amara-amara-amara-am');
const ben = credentials('ben', 'ben-ben-ben-ben-ben-');
const code = (step: number, of = amara) => totpCode(of.totpSecret, step);

const attempt = (more: Partial<SignInAttempt> = {}): SignInAttempt => ({
  person: 'amara',
  password: amara.password,
  code: code(now),
  needsMfa: true,
  at,
  ...more,
});
const desk = () => signInDesk([amara, ben]);
const told = (verdict: SignInVerdict) => (verdict.status === 'refused' ? verdict.reason : verdict.acr);
const mfa = 'urn:countersign:acr:mfa';
const byPassword = 'urn:countersign:acr:pwd';

describe('a sign-in', () => {
  it('says multi-factor when password and code were both right', () => {
    expect(desk()(attempt())).toEqual({ status: 'signed_in', person: 'amara', acr: mfa, amr: ['pwd', 'otp', 'mfa'] });
  });

  it('says password, and no more, when there was no code', () => {
    const verdict = desk()(attempt({ code: '', needsMfa: false }));
    expect(verdict).toEqual({ status: 'signed_in', person: 'amara', acr: byPassword, amr: ['pwd'] });
  });

  it.each<[what: string, more: Partial<SignInAttempt>, answer: string]>([
    ['a code where none had to be', { needsMfa: false }, mfa],
    ['the code of the step before', { code: code(now - 1) }, mfa],
    ['the code of the step after', { code: code(now + 1) }, mfa],
    ['no code where both factors are asked for', { code: '' }, 'code_needed'],
    ['a code two steps old', { code: code(now - 2) }, 'wrong'],
    ['a code two steps early', { code: code(now + 2) }, 'wrong'],
    ['a wrong code even where none had to be', { code: '000000', needsMfa: false }, 'wrong'],
    ['the code of somebody else', { code: code(now, ben) }, 'wrong'],
    ['a wrong password', { password: 'password' }, 'wrong'],
    ['the password of somebody else', { password: ben.password }, 'wrong'],
    ['no password', { password: '' }, 'wrong'],
    ['nobody that it knows', { person: 'mallory' }, 'wrong'],
    ['a wrong password and no code', { password: 'password', code: '' }, 'wrong'],
  ])('is answered, for %s, with', (_what, more, answer) => {
    expect(told(desk()(attempt(more)))).toBe(answer);
  });
});

describe('a one-time code', () => {
  it('counts once, however long it stays good', () => {
    const judge = desk();
    const answers = [at, at, at + 30_000].map((moment) => told(judge(attempt({ at: moment }))));
    expect(answers).toEqual([mfa, 'code_used', 'code_used']);
  });

  it('is not used up by a wrong password beside it', () => {
    const judge = desk();
    judge(attempt({ password: 'password' }));
    expect(told(judge(attempt()))).toBe(mfa);
  });

  it('leaves those beside it usable, in any order', () => {
    const judge = desk();
    const answers = [now + 1, now - 1, now].map((step) => told(judge(attempt({ code: code(step) }))));
    expect(answers).toEqual([mfa, mfa, mfa]);
  });

  it('is used up for one person only', () => {
    const twins = [amara, { ...ben, totpSecret: amara.totpSecret }];
    const judge = signInDesk(twins);
    judge(attempt());
    expect(told(judge(attempt({ person: 'ben', password: ben.password })))).toBe(mfa);
  });
});
