import { describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { caseFileSchema, runCases, type CaseFile } from '../../../src/policy/study/cases.js';
import { checkInvariants } from '../../../src/policy/study/invariants.js';
import { readYaml } from '../../../src/rulebook/yaml.js';
import { policies, testRulebook } from '../../support/rulebook.js';

const shipped = testRulebook();
const never = ({ message }: { readonly message: string }) => {
  throw new Error(message);
};
const file = (rows: object): CaseFile => caseFileSchema.parse({ version: '1.0', name: 'x', ...rows });

describe.each(readdirSync(join(policies, 'tests')))('policies/tests/%s', (name) => {
  const text = readFileSync(join(policies, 'tests', name), 'utf8');
  const own = caseFileSchema.parse(readYaml(name, text).data);

  it.each(runCases(shipped, own, never).map((result) => [result.name, result.differences] as const))(
    '%s',
    (_name, differences) => {
      expect(differences).toEqual([]);
    },
  );

  it.each(checkInvariants(shipped, own.invariants ?? [], never).map((result) => [result.name, result] as const))(
    '%s',
    (_name, { status, counterexample }) => {
      expect({ status, counterexample }).not.toMatchObject({ status: 'broken' });
    },
  );
});

describe('docs/policy.md', () => {
  it('shows cases that pass and invariants that hold', () => {
    const [, text = ''] = /^```yaml\n(version: '1\.0'\nname: Ward 3\ngiven:[^]*?)^```$/m.exec(readFileSync('docs/policy.md', 'utf8')) ?? []; // prettier-ignore
    const shown = caseFileSchema.parse(readYaml('docs/policy.md', text).data);
    const results = runCases(shipped, shown, never);
    expect(results.map(({ differences }) => differences)).toEqual([[], []]);
    const statuses = checkInvariants(shipped, shown.invariants ?? [], never).map(({ status }) => status);
    expect(statuses).toEqual(['idle', 'holds']);
  });
});

const medications = {
  type: 'medications.read',
  agent_role: 'triage',
  purpose: 'treatment',
  role: 'clinician',
  treatment_relationship: true,
  reason: true,
};
const differing = (request: object, expect: object) =>
  runCases(shipped, file({ cases: [{ name: 'it', request, expect }] }), never).flatMap(
    ({ differences }) => differences,
  );

describe('a case', () => {
  it.each<[what: string, expected: object, difference: object]>([
    ['another effect', { effect: 'deny' }, { what: 'effect', expected: 'deny', got: 'allow' }],
    ['another tier', { effect: 'allow', tier: 'T2' }, { what: 'tier', expected: 'T2', got: 'T1' }],
    ['other seats', { effect: 'allow', seats: ['clinician'] }, { what: 'seats', got: 'clinical_staff' }],
    ['a seat too many', { effect: 'allow', seats: ['clinical_staff', 'clinical_staff'] }, { what: 'seats' }],
    ['nobody', { effect: 'allow', seats: 'nobody' }, { what: 'seats', expected: 'nobody' }],
    ['a rule that did not decide', { effect: 'allow', rules: ['treatment_read', 'nowhere'] }, { expected: 'nowhere' }],
    ['no duty', { effect: 'allow', obligations: [] }, { what: 'obligations', expected: 'none', got: 'audit' }],
  ])('that expects %s fails, and says what came', (_what, expected, difference) => {
    expect(differing(medications, expected)).toEqual([expect.objectContaining(difference)]);
  });

  it('of what is denied has no tier and no seats', () => {
    const expected = { effect: 'deny', tier: 'T1', seats: 'nobody' };
    expect(differing({ ...medications, reason: false }, expected).map(({ what }) => what)).toEqual(['tier', 'seats']);
  });

  it('assumes nothing that it does not say', () => {
    for (const key of ['agent_role', 'purpose', 'role', 'treatment_relationship', 'reason'])
      expect(differing({ ...medications, [key]: undefined }, { effect: 'deny' })).toEqual([]);
  });

  it('takes what its file gives, and says otherwise where it does', () => {
    const { type, ...given } = medications;
    const rows = {
      given: { ...given, justifications: true },
      cases: [
        { name: 'one', request: { type }, expect: { effect: 'allow' } },
        { name: 'other', request: { type, role: 'billing_staff' }, expect: { effect: 'deny' } },
        {
          name: 'of the policy alone',
          request: { verb: 'read', elements: 'medications', destination: 'treatment' },
          expect: { effect: 'allow' },
        },
      ],
    };
    expect(runCases(shipped, file(rows), never).flatMap(({ differences }) => differences)).toEqual([]);
  });

  it.each<[what: string, request: object, message: string]>([
    ['an unknown type', { type: 'medication.read' }, 'unknown action type "medication.read"'],
    ['a type in other letters', { type: 'Medications.Read' }, 'unknown action type "Medications.Read"'],
    ['an unknown purpose', { ...medications, purpose: 'tretment' }, 'unknown purpose "tretment"'],
    ['an unknown role', { ...medications, role: ['clinican'] }, 'unknown role "clinican"'],
    ['an unknown agent', { ...medications, agent_role: 'triag' }, 'unknown agent "triag"'],
    ['an unknown element', { type: 'record.read', elements: 'medicine' }, 'unknown field "medicine"'],
    ['a destination, which its type decides', { ...medications, destination: 'treatment' }, 'the action type decides on destination'], // prettier-ignore
    ['neither type nor verb', { purpose: 'treatment' }, 'neither a type nor a verb: what is asked?'],
    ['no element where the caller lists them', { type: 'record.read' }, 'record.read reads what it is told to: list the elements'], // prettier-ignore
  ])('with %s has no result', (_what, request, message) => {
    const said: string[] = [];
    const rows = { cases: [{ name: 'it', request, expect: { effect: 'deny' } }] };
    expect(runCases(shipped, file(rows), (finding) => said.push(finding.message))).toEqual([]);
    expect(said).toContain(message);
  });

  it('whose name another has is told', () => {
    const row = { name: 'it', request: medications, expect: { effect: 'allow' } };
    const said: string[] = [];
    runCases(shipped, file({ cases: [row, row] }), ({ message }) => said.push(message));
    expect(said).toEqual(['another case has this name']);
  });

  it.each([
    ['expects nothing', { cases: [{ name: 'it', request: medications }] }],
    ['expects no effect', { cases: [{ name: 'it', request: medications, expect: { tier: 'T1' } }] }],
    [
      'expects something unheard of',
      { cases: [{ name: 'it', request: medications, expect: { effect: 'allow', tiers: 'T1' } }] },
    ],
    [
      'asks something unheard of',
      { cases: [{ name: 'it', request: { ...medications, patient: 'x' }, expect: { effect: 'deny' } }] },
    ],
    ['is not there', { cases: [] }],
    ['is in a file with nothing in it', {}],
  ])('that %s is refused', (_what, rows) => {
    expect(caseFileSchema.safeParse({ version: '1.0', name: 'x', ...rows }).success).toBe(false);
  });
});
