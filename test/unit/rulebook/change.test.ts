import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { challenge, digest, person, role, tenant } from '../../../src/action/ids.js';
import {
  objectionTo,
  rolesToSignIn,
  signerStanding,
  type SignerFacts,
} from '../../../src/rulebook/change/change-rules.js';
import { proposalSchema, statementHash, type Statement } from '../../../src/rulebook/change/change.js';
import { compareRulebooks } from '../../../src/rulebook/change/compare.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { filesOf } from '../../../src/rulebook/change/to-files.js';
import { noTrust, rulebookFiles, testRulebook } from '../../support/rulebook.js';

const rulebook = testRulebook();
const day = 86_400;
const [ann, bob] = [person('00000000-0000-4000-8000-00000000000a'), person('00000000-0000-4000-8000-00000000000b')];
const signer = (more: Partial<SignerFacts> = {}, ...roles: readonly string[]): SignerFacts => ({
  person: ann,
  active: true,
  suspended: false,
  trained: true,
  grants: roles.map((name) => ({ role: role(name), heldSeconds: day })),
  ...more,
});
const standing = (facts: SignerFacts, ...acting: readonly string[]) =>
  signerStanding(rulebook, facts, acting.map(role));

describe('who may sign a change of the rules', () => {
  it('is whoever has held one of the roles for a day, in those that they act in', () => {
    expect(standing(signer({}, 'privacy_officer', 'admin'), 'privacy_officer')).toEqual({
      status: 'may_sign',
      roles: ['privacy_officer'],
    });
    expect(rolesToSignIn(rulebook, signer({}, 'privacy_officer', 'admin', 'operator'))).toEqual([
      'admin',
      'privacy_officer',
    ]);
  });

  it.each<[who: string, facts: SignerFacts, code: string]>([
    ['nobody without such a role', signer({}, 'clinician'), 'rulebook.wrong_role'],
    ['nobody in a role that they do not hold', signer({}, 'admin'), 'rulebook.wrong_role'],
    [
      'nobody a second before the day is over',
      signer({ grants: [{ role: role('privacy_officer'), heldSeconds: day - 1 }] }),
      'rulebook.fresh_grant',
    ],
    ['nobody who left', signer({ active: false }, 'privacy_officer'), 'rulebook.inactive'],
    ['nobody who is suspended', signer({ suspended: true }, 'privacy_officer'), 'rulebook.inactive'],
    ['nobody untrained', signer({ trained: false }, 'privacy_officer'), 'rulebook.untrained'],
  ])('is %s', (_who, facts, code) => {
    expect(standing(facts, 'privacy_officer')).toEqual({ status: 'refused', code });
  });

  it('is nobody who acts in no role at all', () => {
    expect(standing(signer({}, 'privacy_officer'))).toEqual({ status: 'refused', code: 'rulebook.wrong_role' });
  });

  it('is an officer alone, after a day, where the rules do not say', () => {
    const roles = (rulebookFiles()['roles.yaml'] ?? '').replace(/\n#[^\n]*\n#[^\n]*\nchanges:[^]*$/, '\n');
    const { changes } = testRulebook({ 'roles.yaml': roles });
    const officers = new Set(['privacy_officer', 'security_officer']);
    expect(changes).toEqual({ signers: officers, officers, grantSeconds: day });
  });

  it.each([
    ['an officer who is no signer', 'signers: [privacy_officer, ', 'signers: [', '"privacy_officer" is no signer'],
    [
      'a role that is not there',
      'senior_clinician, admin]',
      'senior_clinican, admin]',
      'unknown role "senior_clinican"',
    ],
  ])('is not %s', (_what, from, to, message) => {
    const roles = (rulebookFiles()['roles.yaml'] ?? '').replace(from, to);
    expect(() => testRulebook({ 'roles.yaml': roles })).toThrow(message);
  });
});

describe('a change is approved', () => {
  const by = (who: typeof ann, name: string, verdict: 'approve' | 'deny' = 'approve') => ({
    person: who,
    verdict,
    roles: [role(name)],
  });
  const objection = (...signatures: ReturnType<typeof by>[]) => objectionTo(signatures, rulebook.changes);

  it('by two people, one of them an officer', () => {
    expect(objection(by(ann, 'privacy_officer'), by(bob, 'senior_clinician'))).toBeUndefined();
    expect(objection(by(ann, 'admin'), by(bob, 'security_officer'))).toBeUndefined();
  });

  it.each<[what: string, signatures: ReturnType<typeof by>[], code: string]>([
    ['by nobody', [], 'rulebook.unsigned'],
    ['by an officer alone', [by(ann, 'privacy_officer')], 'rulebook.unsigned'],
    ['by one person twice', [by(ann, 'privacy_officer'), by(ann, 'security_officer')], 'rulebook.unsigned'],
    ['by two who are no officers', [by(ann, 'admin'), by(bob, 'senior_clinician')], 'rulebook.no_officer'],
    [
      'against anybody’s no',
      [by(ann, 'privacy_officer'), by(bob, 'security_officer'), by(bob, 'admin', 'deny')],
      'rulebook.denied',
    ],
  ])('not %s', (_what, signatures, code) => {
    expect(objection(...signatures)).toBe(code);
  });
});

describe('what is signed', () => {
  const statement: Statement = {
    v: 1,
    tenant: tenant('clinic'),
    proposal: proposalSchema.parse('00000000-0000-4000-8000-000000000001'),
    digest: digest('1'.repeat(64)),
    base: digest('2'.repeat(64)),
    verdict: 'approve',
    person: ann,
    actingRoles: [role('privacy_officer')],
    challenge: challenge('00000000-0000-4000-8000-000000000003'),
    decidedAt: '2026-03-01T12:00:00.000Z',
  };
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

  it('is SHA-256 over a label of its own and the statement’s canonical JSON', () => {
    const bytes = `countersign-rulebook/v1\n${canonicalize(statement) ?? ''}`;
    expect(statementHash(statement, sha256)).toBe(createHash('sha256').update(bytes).digest('base64url'));
  });

  it.each(Object.keys(statement).filter((name) => name !== 'v'))('binds %s', (name) => {
    const other = { ...statement, [name]: name === 'actingRoles' ? [role('admin')] : 'x' };
    expect(statementHash(Object(other), sha256)).not.toBe(statementHash(statement, sha256));
  });
});

describe('a rulebook', () => {
  const shorter = (rulebookFiles()['tiers.yaml'] ?? '').replace('deadline: 4h', 'deadline: 3h');

  it('differs from another by paths, what stood there and what stands there', () => {
    const other = testRulebook({ 'tiers.yaml': shorter });
    expect(compareRulebooks(rulebook.content, other.content)).toEqual([
      { path: 'tiers.tiers.T1.deadline', from: '4h', to: '3h' },
    ]);
    const { changes: _, ...roles } = rulebook.content.roles;
    expect(compareRulebooks({ ...rulebook.content, roles }, rulebook.content)).toEqual([
      { path: 'roles.changes', from: undefined, to: rulebook.content.roles.changes },
    ]);
    expect(compareRulebooks(rulebook.content, rulebook.content)).toEqual([]);
  });

  it('differs where its trust roots do', () => {
    expect(compareRulebooks(rulebook.content, testRulebook({}, { ...noTrust, rpIds: ['x.example'] }).content)).toEqual([
      { path: 'trustRoots.rpIds.0', from: undefined, to: 'x.example' },
    ]);
  });

  it('written to files and read again is the same', () => {
    const roots = { ...noTrust, rpIds: ['x.example'] };
    const { digest, content } = testRulebook({}, roots);
    const { 'trust-roots.json': trustRoots = '', ...files } = filesOf(content);
    expect(loadRulebook(files, JSON.parse(trustRoots)).digest).toBe(digest);
  });
});
