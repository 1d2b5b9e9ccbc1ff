import { describe, expect, it } from '@jest/globals';
import { catalogue } from '../../../src/action/catalogue.js';
import { digest } from '../../../src/action/ids.js';
import { loadRulebook, restoreRulebook } from '../../../src/rulebook/load.js';
import { RulebookError, type Problem } from '../../../src/rulebook/problem.js';
import { rolesHeld } from '../../../src/rulebook/rulebook.js';
import { role } from '../../../src/action/ids.js';
import { noTrust, rulebookFiles, testRulebook } from '../../support/rulebook.js';

const files = rulebookFiles();

/** The shipped file with one passage replaced. */
const edited = (file: string, from: string, to: string) => {
  const text = files[file] ?? '';
  if (!text.includes(from)) throw new Error(`${file} does not hold the passage any more`);
  return { [file]: text.replace(from, to) };
};
const problemsOf = (work: () => unknown): readonly Problem[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof RulebookError) return error.problems;
    throw error;
  }
  return [];
};
/** Where `passage` stands in the text, from 1. */
const placeOf = (text: string, passage: string) => {
  const before = text.slice(0, text.indexOf(passage)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
};

describe('the shipped rulebook', () => {
  const rulebook = testRulebook();

  it('sets the tiers of the design', () => {
    const { T0, T1, T2, T3 } = rulebook.tiers;
    expect(T0.approval).toEqual({ status: 'nobody' });
    expect([T0, T1, T2, T3].map((tier) => tier.warrantSeconds)).toEqual([3600, 1800, 600, 300]);
    const asked = [T1, T2, T3].map(({ approval }) => (approval.status === 'asked' ? approval : undefined));
    expect(asked.map((tier) => tier?.deadlineSeconds)).toEqual([4 * 3600, 24 * 3600, 72 * 3600]);
    expect(asked.map((tier) => tier?.needs.factors.map((factor) => factor.role))).toEqual([
      ['clinical_staff'],
      ['clinical_staff', 'senior_clinician'],
      ['privacy_officer', 'senior_clinician'],
    ]);
    expect(asked.map((tier) => tier?.proof.method)).toEqual(['idp', 'passkey', 'passkey']);
    expect(asked.every((tier) => tier?.reminderShare === 0.5)).toBe(true);
    expect(asked.map((tier) => tier?.confirmation)).toEqual(['none', 'none', 'typed']);
  });

  it('takes the EHR’s word on who treats whom again for five minutes, and for none where that is left out', () => {
    expect(rulebook.relationReuseSeconds).toBe(300);
    const without = testRulebook(edited('tiers.yaml', 'relationship_reuse: 5m', ''));
    expect(without.relationReuseSeconds).toBe(0);
  });

  it.each(['0m', '61m', '1h', '300s', '-5m', '5', '5 m', '05m'])(
    'does not load with its word taken again for %s',
    (reuse) => {
      const file = edited('tiers.yaml', 'relationship_reuse: 5m', `relationship_reuse: ${reuse}`);
      expect(problemsOf(() => testRulebook(file))).toHaveLength(1);
    },
  );

  it('asks who orders a medication, and somebody independent; everything else asks whom its tier asks', () => {
    const needs = [...rulebook.actions.values()].map(({ name, needs: own }) => [name, own] as const);
    expect(needs.filter(([, own]) => own !== 'of_tier')).toEqual([
      [
        'medication.update',
        {
          status: 'quorum',
          factors: [
            { role: 'clinician', count: 1, order: true },
            { role: 'senior_clinician', or: ['pharmacist'], count: 1 },
          ],
        },
      ],
    ]);
  });

  it.each([...catalogue.values()])('knows $name as the program defines it', (definition) => {
    const contract = rulebook.actions.get(definition.name);
    expect(contract?.tier).toBe(definition.tier);
    expect(contract?.performs).toBe(definition.performs);
    expect(contract?.elements).toEqual(definition.elements.length > 0 ? definition.elements : 'listed_by_caller');
  });

  it('lets senior clinicians stand for clinicians and clinical staff, and nobody else for anything', () => {
    expect(rolesHeld(rulebook, [role('senior_clinician')])).toEqual([
      'clinical_staff',
      'clinician',
      'senior_clinician',
    ]);
    const others = [...rulebook.roles].filter(([name]) => !['senior_clinician', 'clinician'].includes(name));
    expect(others.every(([name, implied]) => implied.length === 1 && implied[0] === name)).toBe(true);
  });

  it('is frozen', () => {
    expect(() => Object.assign(rulebook.tiers.T1.limits, { maxRecords: 1e9 })).toThrow(TypeError);
    expect(() => Object.assign(rulebook.content.policy, { name: 'x' })).toThrow(TypeError);
  });

  it('has one digest for one meaning, whatever comments and spacing say', () => {
    const spaced = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, `# note\n\n${text}\n`]));
    expect(loadRulebook(spaced, noTrust).digest).toBe(rulebook.digest);
    expect(testRulebook(edited('tiers.yaml', 'deadline: 4h', 'deadline: 3h')).digest).not.toBe(rulebook.digest);
    const trusting = { ...noTrust, rpIds: ['clinic.example'] };
    expect(testRulebook({}, trusting).digest).not.toBe(rulebook.digest);
  });

  it('is the same after it was stored', () => {
    const stored: unknown = JSON.parse(JSON.stringify(rulebook.content));
    expect(restoreRulebook(rulebook.digest, stored)).toEqual(rulebook);
  });

  it('is refused under a digest that is not its own', () => {
    expect(problemsOf(() => restoreRulebook(digest('0'.repeat(64)), rulebook.content))).toHaveLength(1);
  });
});

describe('a rulebook that is wrong', () => {
  it.each<[what: string, file: string, from: string, to: string, message: string, suggestion: string | undefined]>([
    ['an unknown key', 'tiers.yaml', 'deadline: 4h', 'deadlin: 4h', 'unknown key "deadlin"', 'deadline'],
    [
      'an unknown role',
      'tiers.yaml',
      'clinical_staff, count',
      'clinical_staf, count',
      'unknown role "clinical_staf"',
      'clinical_staff',
    ],
    ['an unknown verb', 'policy.yaml', 'action: output', 'action: ouput', 'unknown action "ouput"', 'output'],
    [
      'an unknown resource',
      'policy.yaml',
      `'/data/patient/*'`,
      `'/data/patients/*'`,
      'unknown resource "/data/patients/*"',
      '/data/patient/*',
    ],
    ['a glob that is no word', 'policy.yaml', `'/data/patient/*'`, `'.*'`, 'unknown resource ".*"', undefined],
    [
      'an unknown purpose',
      'policy.yaml',
      'purpose: treatment',
      'purpose: Treatment',
      'unknown purpose "Treatment"',
      'treatment',
    ],
    [
      'an unknown category',
      'policy.yaml',
      '[facility, demographics, medications, allergies]',
      '[facility, demographics, medication]',
      'unknown category "medication"',
      'medications',
    ],
    [
      'an unknown field',
      'policy.yaml',
      'appointment_history]',
      'appointments_history]',
      'unknown field "appointments_history"',
      'appointment_history',
    ],
    [
      'an unknown operation',
      'policy.yaml',
      'allowed_operations: [read]',
      'allowed_operations: [reed]',
      'expected one of read, write, export, generate',
      'read',
    ],
    ['an unknown role table', 'policy.yaml', 'auditor: ', 'auditors: ', 'unknown role "auditors"', 'auditor'],
    ['an unknown agent table', 'policy.yaml', '  triage:', '  triaje:', 'unknown agent "triaje"', 'triage'],
    ['an unknown effect', 'policy.yaml', 'effect: deny', 'effect: dny', 'expected one of allow, deny', 'deny'],
    [
      'an unknown condition',
      'policy.yaml',
      'names_patient: false',
      'name_patient: false',
      'unknown key "name_patient"',
      'names_patient',
    ],
    [
      'a wrong type',
      'policy.yaml',
      'contains_phi: false',
      'contains_phi: "false"',
      'expected boolean, received string',
      undefined,
    ],
    [
      'a duplicate rule id',
      'policy.yaml',
      'id: treatment_read',
      'id: facility_read',
      'duplicate rule id "facility_read"',
      undefined,
    ],
    [
      'an unknown element',
      'vocabulary.yaml',
      'medications: current_medications',
      'medications: current_medication',
      'unknown element "current_medication"',
      'current_medications',
    ],
    [
      'an unknown record class',
      'actions.yaml',
      'record_class: action',
      'record_class: actions',
      'unknown record class "actions"',
      'action',
    ],
    ['an implied role that is none', 'roles.yaml', '[clinician]', '[clinican]', 'unknown role "clinican"', 'clinician'],
    ['a factor of nobody', 'tiers.yaml', 'count: 1', 'count: 0', 'Too small: expected number to be >=1', undefined],
    [
      'a deadline of no unit',
      'tiers.yaml',
      'deadline: 4h',
      'deadline: 4',
      'expected string, received number',
      undefined,
    ],
    [
      'a tier above T0 that asks nobody',
      'tiers.yaml',
      'approvals:\n      - { role: clinical_staff, count: 1 }\n',
      'approvals: nobody\n',
      'expected array, received string',
      undefined,
    ],
  ])('names %s by file, line, column and the closest word', (_what, file, from, to, message, suggestion) => {
    const changed = edited(file, from, to);
    const [problem, ...others] = problemsOf(() => testRulebook(changed));
    expect(problem).toMatchObject({ file, message });
    expect(problem?.suggestion).toBe(suggestion);
    expect(others.filter((other) => other.file !== file)).toEqual([]);
    const text = changed[file] ?? '';
    expect(text.split('\n')[(problem?.line ?? 0) - 1]).toBeDefined();
    const at = placeOf(files[file] ?? '', from);
    expect(problem?.line).toBeGreaterThanOrEqual(at.line);
    expect(problem?.line).toBeLessThanOrEqual(at.line + to.split('\n').length - 1);
  });

  it('points at the very word', () => {
    const changed = edited('policy.yaml', 'purpose: treatment', 'purpose: [treatment, resarch]');
    const [problem] = problemsOf(() => testRulebook(changed));
    expect(problem).toMatchObject({ ...placeOf(changed['policy.yaml'] ?? '', 'resarch'), suggestion: 'research' });
    const key = edited('tiers.yaml', 'deadline: 4h', 'deadlin: 4h');
    const unknown = problemsOf(() => testRulebook(key)).find(({ message }) => message.startsWith('unknown key'));
    expect(unknown).toMatchObject(placeOf(key['tiers.yaml'] ?? '', 'deadlin: 4h'));
  });

  const order = '{ role: clinician, count: 1, order: true }';
  const countersignature = '{ role: senior_clinician, or: [pharmacist], count: 1 }';
  const both = `approvals:\n      - ${order}\n      - ${countersignature}\n`;
  it.each<[what: string, file: string, from: string, to: string, passage: string, message: string]>([
    [
      'a role that is none',
      'actions.yaml',
      'role: clinician',
      'role: clinican',
      'clinican,',
      'unknown role "clinican"; did you mean "clinician"?',
    ],
    [
      'an alternative that is none',
      'actions.yaml',
      '[pharmacist]',
      '[pharmacits]',
      'pharmacits',
      'unknown role "pharmacits"; did you mean "pharmacist"?',
    ],
    ['no alternative in its list', 'actions.yaml', '[pharmacist]', '[]', '[], count', 'Too small'],
    [
      'an alternative that makes the role needless',
      'actions.yaml',
      '[pharmacist]',
      '[pharmacist, clinician]',
      'clinician], count',
      '"clinician" beside "senior_clinician": one of them stands for the other',
    ],
    [
      'an alternative that the role makes needless',
      'actions.yaml',
      order,
      '{ role: clinician, or: [senior_clinician], count: 1, order: true }',
      'senior_clinician], count: 1, order',
      '"senior_clinician" beside "clinician": one of them stands for the other',
    ],
    [
      'an alternative twice',
      'actions.yaml',
      '[pharmacist]',
      '[pharmacist, pharmacist]',
      'pharmacist], count',
      '"pharmacist" beside "pharmacist"',
    ],
    [
      'an alternative of a tier that makes its role needless',
      'tiers.yaml',
      'role: senior_clinician',
      'role: senior_clinician, or: [clinician]',
      'clinician], count',
      '"clinician" beside "senior_clinician"',
    ],
    [
      'an order in a tier',
      'tiers.yaml',
      'clinical_staff, count: 1',
      'clinical_staff, count: 1, order: true',
      'order: true',
      'unknown key "order"',
    ],
    ['an order that is none', 'actions.yaml', 'order: true', 'order: false', 'false', 'expected one of true'],
    ['an order of two', 'actions.yaml', '1, order', '2, order', '2, order', 'one person orders'],
    [
      'two orders',
      'actions.yaml',
      countersignature,
      `${countersignature}\n      - { role: clinician, count: 1, order: true }`,
      `- ${order}`,
      'a change is ordered once',
    ],
    [
      'an order that nobody countersigns',
      'actions.yaml',
      `\n      - ${countersignature}`,
      '',
      `- ${order}`,
      'an order needs a countersignature',
    ],
    ['nobody to ask', 'actions.yaml', both, 'approvals: []\n', '[]\n    record', 'Too small'],
    [
      'nobody to ask in words',
      'actions.yaml',
      both,
      'approvals: nobody\n',
      'nobody',
      'expected array, received string',
    ],
    ['an order of a read', 'actions.yaml', 'ehr.write', 'ehr.read', 'true }', 'ehr.read changes nothing that'],
    [
      'whom to ask where the tier asks nobody',
      'actions.yaml',
      'performs: ehr.read',
      'approvals: [{ role: clinician, count: 1 }]\n    performs: ehr.read',
      'approvals: [',
      'T0 asks nobody',
    ],
    [
      'fewer people than its tier',
      'actions.yaml',
      `      - ${order}\n`,
      '',
      `- ${countersignature}`,
      'asks fewer people than T2',
    ],
    [
      'fewer of a role than its tier',
      'actions.yaml',
      'role: senior_clinician, or',
      'role: clinician, or',
      `- ${order}`,
      'asks fewer who count as "senior_clinician" than T2',
    ],
    [
      'others in the place of a role that its tier asks for',
      'actions.yaml',
      'role: clinician, count',
      'role: auditor, count',
      '- { role: auditor',
      'asks fewer who count as "clinical_staff" than T2',
    ],
    [
      'a confirmation of another kind',
      'tiers.yaml',
      'confirmation: typed',
      'confirmation: clicked',
      'clicked',
      'expected one of typed',
    ],
  ])('points at %s', (_what, file, from, to, passage, message) => {
    const changed = edited(file, from, to);
    const { line, column } = placeOf(changed[file] ?? '', passage);
    expect(() => testRulebook(changed)).toThrow(`${file}:${line}:${column}: ${message}`);
  });

  it('may ask more people, and people who stand for those of the tier', () => {
    for (const rows of [
      `- ${order}\n      - { role: senior_clinician, count: 2 }`,
      '- { role: senior_clinician, count: 1 }\n      - { role: clinician, or: [pharmacist], count: 1 }',
    ])
      expect(() => testRulebook(edited('actions.yaml', both, `approvals:\n      ${rows}\n`))).not.toThrow();
  });

  it('is told everything at once, readably', () => {
    const two = {
      ...edited('policy.yaml', 'action: output', 'action: ouput'),
      ...edited('roles.yaml', '[clinician]', '[x]'),
    };
    expect(() => testRulebook(two)).toThrow(
      /roles\.yaml:\d+:\d+: unknown role "x"\npolicy\.yaml:\d+:\d+: .*did you mean "output"\?/,
    );
  });

  it('is refused for a missing and for a foreign file', () => {
    const { 'tiers.yaml': tiers = '', ...rest } = files;
    expect(problemsOf(() => loadRulebook({ ...rest, 'tier.yaml': tiers }, noTrust))).toEqual([
      { file: 'tiers.yaml', message: 'the file is missing' },
      { file: 'tier.yaml', message: 'unknown file', suggestion: 'tiers.yaml' },
    ]);
  });

  it.each<[what: string, roots: unknown]>([
    ['nothing', undefined],
    ['an unknown key', { ...noTrust, issuer: [] }],
    [
      'an issuer that is no web address',
      { ...noTrust, issuers: [{ issuer: 'file:///x', audiences: [], clients: [], jwksUri: 'https://a.example/jwks' }] },
    ],
    [
      'a private key',
      {
        ...noTrust,
        warrantIssuers: [
          {
            iss: 'c',
            jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', kid: '1', x: 'a'.repeat(43), d: 'a'.repeat(43) }] },
          },
        ],
      },
    ],
    [
      'a symmetric key',
      { ...noTrust, warrantIssuers: [{ iss: 'c', jwks: { keys: [{ kty: 'oct', k: 'a', kid: '1' }] } }] },
    ],
  ])('is refused for trust roots with %s', (_what, roots) => {
    expect(problemsOf(() => loadRulebook(files, roots)).map(({ file }) => file)).toContain('trust-roots.json');
  });
});
