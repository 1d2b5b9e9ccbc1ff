import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compilePolicy } from '../../../src/policy/compile.js';
import type { CompiledPolicy, CoreRule, PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import type { ExtensionDocument, PolicyDocument, RuleDocument } from '../../../src/policy/document.js';
import { extend } from '../../../src/policy/extend.js';
import { lexiconOf } from '../../../src/policy/lexicon.js';
import type { Sourced } from '../../../src/policy/parts.js';
import type { Report } from '../../../src/rulebook/problem.js';
import { restoreRulebook } from '../../../src/rulebook/load.js';
import { filesOf } from '../../../src/rulebook/change/to-files.js';
import { complaints, policyText, shippedWorld, treatmentRead } from '../../support/policy.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const shipped = rulebookFiles()['policy.yaml'] ?? '';
/** policy.yaml of these lines, from line 4 on, extending the policy that ships. */
const extending = (...lines: string[]) => ({
  'base.yaml': shipped,
  'policy.yaml': ["version: '1.0'", 'name: Our clinic', 'extends: base', ...lines, ''].join('\n'),
});
const answers = (files: Record<string, string>) => {
  const { policy } = testRulebook(files);
  return (change: Partial<PolicyRequest> = {}) => decide(policy, { ...treatmentRead, ...change });
};

describe('a policy that extends another', () => {
  it('says what the other says when it adds nothing', () => {
    const [base, same] = [testRulebook(), testRulebook(extending())];
    expect({ ...same.policy, rulebook: '' }).toEqual({ ...base.policy, rulebook: '' });
    expect(same.name).toBe('Our clinic');
    expect(same.digest).not.toBe(base.digest);
  });

  it('may deny more', () => {
    const answer = answers(
      extending('rules:', '  - { id: no_reads, action: read, effect: deny, unless: [ { on_call: true } ] }'),
    );
    expect(answer()).toMatchObject({ effect: 'deny', rules: ['no_reads'] });
    expect(answer({ onCall: true }).effect).toBe('allow');
  });

  it('may do without a grant, and without a cell of a table', () => {
    const answer = answers(extending('remove: [treatment_write, agent.triage.current_medications]'));
    expect(answer()).toMatchObject({ effect: 'deny', rules: ['default_deny'] });
    expect(answer({ elements: ['allergy_history'] }).effect).toBe('allow');
    expect(answer({ agentRole: 'documentation' }).effect).toBe('allow');
    expect(answer({ agentRole: 'documentation', verb: 'write' }).effect).toBe('deny');
  });

  it('may ask more of a grant, and more to be done', () => {
    const answer = answers(
      extending(
        'narrow:',
        '  treatment_read: { reason: Only by day, conditions: [ { time_window: business_hours } ] }',
        '  agent.triage.allergy_history: { conditions: [ { on_call: true }, { audit: required } ] }',
      ),
    );
    const inHours = { timeWindows: ['business_hours'] };
    expect(answer()).toMatchObject({ nearMisses: [{ rule: 'treatment_read', unmet: ['timeWindows'] }] });
    expect(answer(inHours).effect).toBe('allow');
    expect(answer({ ...inHours, elements: ['allergy_history'] }).effect).toBe('deny');
    expect(answer({ ...inHours, elements: ['allergy_history'], onCall: true }).effect).toBe('allow');
    const audited = testRulebook(extending('narrow: { clean_output: { conditions: [ { audit: required } ] } }'));
    const output: PolicyRequest = { verb: 'read', phase: 'output', elements: [], containsPhi: false };
    expect(decide(audited.policy, output).obligations).toEqual(['audit']);
    expect(decide(testRulebook().policy, output).obligations).toEqual([]);
  });

  it('may make tables smaller, row by row', () => {
    const answer = answers(
      extending(
        'roles:',
        '  clinician: { can_access: [clinical_notes] }',
        '  clinical_staff: { cannot_access: [allergies] }',
        'agents:',
        '  triage_agent: { allowed_fields: [current_medications, symptoms], allowed_operations: [read] }',
      ),
    );
    const effects = (agentRole: string, ...elements: string[]) =>
      elements.map((element) => answer({ agentRole, elements: [element] }).effect);
    expect(effects('triage', 'current_medications', 'demographics.name')).toEqual(['allow', 'deny']);
    expect(effects('documentation', 'clinical_notes', 'problems')).toEqual(['allow', 'deny']);
    expect(effects('documentation', 'demographics.name', 'allergy_history')).toEqual(['allow', 'deny']);
  });

  it('keeps what a row cannot access, whatever else the row becomes', () => {
    const both = {
      principalRoles: ['clinician', 'billing_staff'],
      agentRole: 'documentation',
      elements: ['clinical_notes'],
    };
    const answer = answers(extending('roles: { billing_staff: { can_access: [facility], cannot_access: [billing] } }'));
    expect(answer(both).rules).toEqual(['role.billing_staff.cannot.clinical_notes']);
    expect(answer({ ...both, principalRoles: ['clinician'] }).effect).toBe('allow');
  });

  it('may let break the glass for what was open', () => {
    const answer = answers({
      'base.yaml': policyText(
        ['{ action: read, effect: allow }'],
        'agents: { triage: { allowed_fields: [problems], allowed_operations: [read, write] } }\n',
      ),
      'policy.yaml':
        `version: '1.0'\nname: x\nextends: base\nagents:\n  triage: { allowed_fields: [problems], allowed_operations: [read] }\n`.replace(
          'allowed_fields: [problems]',
          'allowed_fields: [problems], requires_break_glass: [problems]',
        ),
    });
    expect(answer({ elements: ['problems'] }).effect).toBe('allow');
    expect(answer({ elements: ['problems'], verb: 'write' }).effect).toBe('deny');
  });

  it('may add a table where there was none, which limits', () => {
    const files = {
      'base.yaml': policyText(['{ id: all, action: [read, write], effect: allow }']),
      'policy.yaml': `version: '1.0'\nname: x\nextends: base\nroles: { clinician: { can_access: [medications] } }\n`,
    };
    const answer = answers(files);
    expect(answer().effect).toBe('allow');
    expect(answer({ elements: ['problems'] }).effect).toBe('deny');
    expect(answer({ principalRoles: ['clinical_staff'] }).effect).toBe('deny');
  });

  it('may say how far back preceded_by looks where nobody said it yet, and only then', () => {
    const lines = [
      'preceded_within: 1h',
      'narrow: { treatment_read: { conditions: [ { preceded_by: record.read } ] } }',
    ];
    expect(testRulebook(extending(...lines)).policy.precededWithinSeconds).toBe(3_600);
    const said = { ...extending(...lines), 'base.yaml': shipped.replace('rules:', 'preceded_within: 4h\nrules:') };
    expect(complaints(said)).toEqual(['policy.yaml:4:18: the extended policy says how far back already']);
    const own = { ...said, 'policy.yaml': said['policy.yaml'].replace('preceded_within: 1h\n', '') };
    expect(testRulebook(own).policy.precededWithinSeconds).toBe(4 * 3_600);
    expect(complaints(extending(...lines.slice(1)))).toEqual([
      expect.stringMatching(/^base\.yaml:\d+:5: preceded_by looks back, and preceded_within does not say how far$/),
    ]);
  });

  it('may itself be extended', () => {
    const files = {
      'base.yaml': shipped,
      'hospital.yaml': `version: '1.0'\nname: Hospital\nextends: base\nremove: [treatment_write]\n`,
      'policy.yaml': `version: '1.0'\nname: Ward\nextends: hospital\nnarrow: { treatment_read: { conditions: [ { on_call: true } ] } }\n`,
    };
    const rulebook = testRulebook(files);
    expect(rulebook.name).toBe('Ward');
    const asked = { ...treatmentRead, onCall: true };
    expect(decide(rulebook.policy, asked).effect).toBe('allow');
    expect(decide(rulebook.policy, { ...asked, onCall: false }).effect).toBe('deny');
    expect(decide(rulebook.policy, { ...asked, agentRole: 'documentation', verb: 'write' }).effect).toBe('deny');
    const removed = { ...files, 'policy.yaml': files['policy.yaml'].replace('treatment_read', 'treatment_write') };
    expect(complaints(removed)).toEqual([expect.stringMatching(/^policy\.yaml:4:11: unknown grant "treatment_write"/)]);
    const twice = files['hospital.yaml'].replace('remove', 'removes');
    expect(complaints({ ...files, 'hospital.yaml': twice })).toEqual([
      'hospital.yaml:4:1: unknown key "removes"; did you mean "remove"?',
    ]);
  });

  it('is covered by the digest, stored, restored and written back with all that it extends', () => {
    const lines = ['remove: [treatment_write]'];
    const rulebook = testRulebook(extending(...lines));
    const stored: unknown = JSON.parse(JSON.stringify(rulebook.content));
    expect(restoreRulebook(rulebook.digest, stored)).toEqual(rulebook);
    const { 'trust-roots.json': _, ...files } = filesOf(rulebook.content);
    expect(Object.keys(files).slice(0, 2)).toEqual(['policy.yaml', 'base.yaml']);
    expect(testRulebook(files).digest).toBe(rulebook.digest);
    const other = { ...extending(...lines), 'base.yaml': shipped.replace("'Countersign default'", 'Other') };
    expect(testRulebook(other).digest).not.toBe(rulebook.digest);
  });
});

describe('an extension that would allow more', () => {
  it('is told of grants that are near, and of no deny', () => {
    expect(complaints(extending('remove: [external_phy]'))).toEqual(['policy.yaml:4:10: unknown grant "external_phy"']);
  });

  it('by giving what the row denies is refused, although the deny would hold', () => {
    expect(complaints(extending('roles: { billing_staff: { can_access: [diagnoses] } }'))).toEqual([
      'policy.yaml:4:40: "role.billing_staff.can.diagnoses" is more than the extended policy gives',
    ]);
  });

  it.each<[what: string, line: string, place: string, message: string]>([
    [
      'an allow',
      'rules: [ { id: more, action: read, effect: allow } ]',
      '4:44',
      'an extension only denies: this would',
    ],
    [
      'a deny of another name',
      'rules: [ { id: external_phi, action: read, effect: deny } ]',
      '4:16',
      'duplicate rule id',
    ],
    [
      'a deny without a name',
      'rules: [ { action: read, effect: deny } ]',
      '4:10',
      'a rule of an extension needs an id',
    ],
    [
      'a grant that is none',
      'remove: [facility_reed]',
      '4:10',
      'unknown grant "facility_reed"; did you mean "facility_read"?',
    ],
    ['one grant twice', 'remove: [facility_read, facility_read]', '4:25', '"facility_read" is named twice'],
    [
      'more grants to do without than anybody reads',
      `remove: [${Array.from({ length: 201 }, (_, at) => `x${at}`).join(', ')}]`,
      '4:9',
      'more than 200',
    ],
    [
      'more denies than anybody reads',
      `rules: [${Array.from({ length: 1_001 }, (_, at) => `{ id: x${at}, action: read, effect: deny }`).join(', ')}]`,
      '4:8',
      'more than 1,000 rules',
    ],
    ['one deny fewer', 'remove: [external_phi]', '4:10', '"external_phi" denies, and a deny stays as it is'],
    [
      'one cell fewer that denies',
      'remove: [role.researcher.cannot.phi]',
      '4:10',
      '"role.researcher.cannot.phi" denies',
    ],
    [
      'a narrower deny',
      'narrow: { external_phi: { conditions: [ { on_call: true } ] } }',
      '4:11',
      '"external_phi" denies',
    ],
    [
      'a narrower grant that is none',
      'narrow: { x: { conditions: [ { on_call: true } ] } }',
      '4:11',
      'unknown grant "x"',
    ],
    ['a condition of nothing', 'narrow: { treatment_read: { conditions: [ {} ] } }', '4:43', 'an empty condition'],
    ['no condition', 'narrow: { treatment_read: { conditions: [] } }', '4:41', 'Too small'],
    [
      'a condition that is none',
      'narrow: { treatment_read: { conditions: [ { role: clinican } ] } }',
      '4:51',
      'unknown role "clinican"; did you mean "clinician"?',
    ],
    [
      'a category more',
      'roles: { clinician: { can_access: [billing] } }',
      '4:36',
      '"role.clinician.can.billing" is more than',
    ],
    [
      'a row more',
      'roles: { senior_clinician: { can_access: [medications] } }',
      '4:43',
      '"role.senior_clinician.can.medications" is more than',
    ],
    [
      'a field more',
      'agents: { triage: { allowed_fields: [problems], allowed_operations: [read] } }',
      '4:38',
      '"agent.triage.problems" is more than',
    ],
    [
      'an operation more',
      'agents: { triage: { allowed_fields: [allergies], allowed_operations: [read, write] } }',
      '4:38',
      '"agent.triage.allergy_history" is more than',
    ],
    [
      'a field without breaking the glass',
      'agents: { triage: { allowed_fields: [full_medical_history], allowed_operations: [read] } }',
      '4:38',
      '"agent.triage.full_medical_history" is more than',
    ],
    ['a base of no name', 'extends: [base]', '4:1', 'map keys must be unique'],
  ])('with %s is refused where it stands', (_what, line, place, message) => {
    const found = complaints(extending(line));
    expect(found[0]).toContain(`policy.yaml:${place}: ${message}`);
    expect(found).toHaveLength(1);
  });

  it.each(['alert: immediate', 'redact: required'])('by going without a grant that carries %s is refused', (duty) => {
    const files = (line: string) => ({
      'base.yaml': policyText([
        '{ id: plain, action: output, effect: allow, conditions: [ { contains_phi: false } ] }',
        `{ id: careful, action: output, effect: allow, ${duty} }`,
      ]),
      'policy.yaml': `version: '1.0'\nname: x\nextends: base\n${line}\n`,
    });
    const message = `"careful" carries ${duty.split(':')[0]}: without it another rule might allow the same`;
    expect(complaints(files('remove: [careful]'))).toEqual([`policy.yaml:4:10: ${message}`]);
    expect(complaints(files('narrow: { careful: { conditions: [ { on_call: true } ] } }'))).toEqual([
      `policy.yaml:4:11: ${message}`,
    ]);
    expect(complaints(files('remove: [plain]'))).toEqual([]);
  });
});

describe('an extension of a large policy', () => {
  it('is put together in time that grows with both, not with their product', () => {
    const count = 2_000;
    let looks = 0;
    const grants = Array.from({ length: count }, (_, at): Sourced => {
      const rule: CoreRule = {
        id: `g${at}`,
        effect: 'allow',
        verbs: new Set(['read']),
        phase: 'before',
        elements: 'any',
        conditions: [],
        obligations: [],
      };
      return {
        layer: 0,
        path: ['rules', at],
        get rule() {
          looks++;
          return rule;
        },
      };
    });
    const none = { rules: [], roles: undefined, agents: undefined, precededWithinSeconds: undefined };
    const complained: string[] = [];
    const report: Report = ({ message }) => void complained.push(message);
    const half = count / 2;
    const document: ExtensionDocument = {
      version: '1.0',
      name: 'Strict',
      extends: 'base',
      remove: grants.slice(half).map((_, at) => `g${half + at}`),
      narrow: Object.fromEntries(
        grants.slice(0, half).map((_, at) => [`g${at}`, { conditions: [{ on_call: true as const }] }]),
      ),
    };
    const layer = { document, own: none, lexicon: lexiconOf(shippedWorld(), report) };
    const { rules } = extend({ ...none, rules: grants }, layer, report);
    expect(looks).toBeLessThan(20 * count);
    expect(rules.map(({ rule }) => rule.conditions.length)).toEqual(Array.from({ length: half }, () => 1));
    expect(complained).toEqual([]);
  });
});

describe('what a policy extends', () => {
  const head = `version: '1.0'\nname: x\nextends: `;
  it.each<[what: string, files: Record<string, string>, complaint: string]>([
    [
      'is not there',
      { 'policy.yaml': `${head}bace\n`, 'base.yaml': shipped },
      'policy.yaml:3:10: no file "bace.yaml" to extend; did you mean "base"?',
    ],
    ['is itself', { 'policy.yaml': `${head}policy\n` }, 'policy.yaml:3:10: "policy" extends itself'],
    [
      'extends it',
      { 'policy.yaml': `${head}base\n`, 'base.yaml': `${head}more\n`, 'more.yaml': `${head}base\n` },
      'more.yaml:3:10: "base" extends itself',
    ],
    ['is another document', { 'policy.yaml': `${head}tiers\n` }, 'policy.yaml:3:10: "tiers" is no policy to extend'],
    ['lies elsewhere', { 'policy.yaml': `${head}../base\n` }, 'policy.yaml:3:10: no file "../base.yaml" to extend'],
    [
      'is everything',
      { 'policy.yaml': `${head}constructor\n` },
      'policy.yaml:3:10: no file "constructor.yaml" to extend',
    ],
    [
      'is a number',
      { 'policy.yaml': `${head}1\n` },
      'policy.yaml:3:10: expected the name of a policy file without .yaml',
    ],
    ['is nothing', { 'policy.yaml': `${head}''\n` }, 'policy.yaml:3:10: no file ".yaml" to extend'],
    ['is not read', { 'base.yaml': shipped }, 'base.yaml: unknown file'],
    [
      'is wrong',
      { 'policy.yaml': `${head}base\n`, 'base.yaml': shipped.replace('action: output', 'action: ouput') },
      'base.yaml:40:13: unknown action "ouput"; did you mean "output"?',
    ],
    [
      'does not parse',
      { 'policy.yaml': `${head}base\n`, 'base.yaml': 'rules: &all []\n' },
      'base.yaml:1:13: anchors are not allowed',
    ],
  ])('is refused where it %s', (_what, files, complaint) => {
    expect(complaints(files)).toContain(complaint);
  });
});

// Random policies in the shipped vocabulary, and what may or may not extend them.
const one = <T>(...values: T[]) => fc.constantFrom(...values);
const anyCondition = (): fc.Arbitrary<NonNullable<RuleDocument['conditions']>[number]> =>
  one(
    { purpose: 'treatment' },
    { purpose: ['treatment', 'research'] },
    { role: 'clinician' },
    { role: ['clinician', 'pharmacist'] },
    { on_call: true },
    { time_window: 'business_hours' },
    { preceded_by: 'record.read' },
    { treatment_relationship: 'proven' },
    { contains_phi: false },
    { destination: 'treatment' },
    { audit: 'required' },
  );
const anyRule = (effect: fc.Arbitrary<'allow' | 'deny'>): fc.Arbitrary<RuleDocument> =>
  fc
    .record({
      effect,
      action: one<string | string[]>('read', 'write', ['read', 'write'], 'output'),
      resource: one(undefined, '/data/patient/*', '/data/facility/*', 'external:*'),
      conditions: fc.array(anyCondition(), { minLength: 1, maxLength: 2 }),
      unless: fc.option(fc.array(anyCondition(), { minLength: 1, maxLength: 2 }), { nil: undefined }),
      alert: one(undefined, undefined, 'immediate' as const),
      redact: one(undefined, undefined, 'required' as const),
    })
    .map(({ resource, unless, alert, redact, ...rule }) => ({
      ...rule,
      ...(resource !== undefined && { resource }),
      ...(unless !== undefined && rule.effect === 'deny' && { unless }),
      ...(alert !== undefined && { alert }),
      ...(redact !== undefined && rule.action === 'output' && rule.effect === 'allow' && { redact }),
    }));
const rowOf = (fields: readonly string[]) => fc.subarray([...fields], { minLength: 1 });
const anyRoles = () =>
  fc.dictionary(
    one('clinician', 'pharmacist'),
    fc.record({
      can_access: rowOf(['medications', 'allergies', 'billing']),
      cannot_access: rowOf(['diagnoses', 'billing']),
    }),
    { maxKeys: 2, noNullPrototype: true },
  );
const anyAgents = () =>
  fc.dictionary(
    one('triage', 'billing'),
    fc.record({
      allowed_fields: rowOf(['medications', 'allergies', 'charges']),
      allowed_operations: fc.subarray(['read' as const, 'write' as const], { minLength: 1 }),
      requires_break_glass: rowOf(['medications', 'charges']),
    }),
    { maxKeys: 2, noNullPrototype: true },
  );
const anyPolicy = (): fc.Arbitrary<PolicyDocument> =>
  fc
    .record(
      {
        rules: fc.array(anyRule(one('allow', 'allow', 'allow', 'deny')), { minLength: 1, maxLength: 5 }),
        roles: anyRoles(),
        agents: anyAgents(),
      },
      { requiredKeys: ['rules'] },
    )
    .map((policy) => ({ version: '1.0', name: 'Base', preceded_within: '4h', ...policy }));
const compiled = (document: PolicyDocument, by?: ExtensionDocument): CompiledPolicy | undefined => {
  const found: string[] = [];
  const report = ({ message }: { message: string }) => void found.push(message);
  const extensions = by === undefined ? [] : [{ document: by, report }];
  const policy = compilePolicy(document, shippedWorld(), report, extensions);
  return found.length === 0 ? policy : undefined;
};
const grantsOf = ({ gates }: CompiledPolicy) => [...new Set(gates.flatMap(({ grants }) => grants.map(({ id }) => id)))];
const anyExtension = (base: CompiledPolicy): fc.Arbitrary<ExtensionDocument> => {
  const ids = grantsOf(base);
  return fc
    .record(
      {
        rules: fc.array(anyRule(fc.constant('deny')), { minLength: 1, maxLength: 2 }),
        remove: fc.subarray(ids, { maxLength: Math.min(1, ids.length) }),
        narrow: fc
          .tuple(fc.subarray(ids, { maxLength: Math.min(2, ids.length) }), anyCondition())
          .map(([some, condition]) => Object.fromEntries(some.map((id) => [id, { conditions: [condition] }]))),
        roles: anyRoles(),
        agents: anyAgents(),
      },
      { requiredKeys: [] },
    )
    .map(({ rules, ...more }) => ({
      version: '1.0',
      name: 'Extension',
      extends: 'base',
      ...(rules && { rules: rules.map((rule, at) => ({ ...rule, id: `own_${at}` })) }),
      ...more,
    }));
};
const anyRequest = (): fc.Arbitrary<PolicyRequest> =>
  fc.record(
    {
      verb: one('read', 'write'),
      phase: one('before', 'before', 'output'),
      elements: fc.subarray(['current_medications', 'allergy_history', 'charges', 'problems', 'facility'], {
        maxLength: 2,
      }),
      purpose: one('TREAT', 'HRESCH', 'ETREAT', 'nobody knows'),
      destination: one('treatment', 'external'),
      agentRole: one('triage', 'billing'),
      principalRoles: fc.subarray(['clinician', 'pharmacist', 'nobody knows']),
      timeWindows: fc.subarray(['business_hours', 'unknown']),
      precededBy: fc.subarray(['record.read', 'facility.read']),
      containsPhi: fc.boolean(),
      related: fc.boolean(),
      onCall: fc.boolean(),
    },
    { requiredKeys: ['verb', 'phase', 'elements'] },
  );

describe('for every policy, and everything that extends it', () => {
  it('what the extension allows, the policy allows, with no duty dropped but the audit that everything has', () => {
    const seen = { loaded: 0, refused: 0, stricter: 0, allowed: 0 };
    const cases = anyPolicy().chain((base) => {
      const policy = compiled(base);
      if (policy === undefined) throw new Error('the generator makes policies that load');
      return fc.tuple(
        fc.constant(base),
        fc.constant(policy),
        anyExtension(policy),
        fc.array(anyRequest(), { minLength: 20, maxLength: 20 }),
      );
    });
    fc.assert(
      fc.property(cases, ([base, policy, extension, requests]) => {
        const extended = compiled(base, extension);
        if (extended === undefined) return void seen.refused++;
        seen.loaded++;
        for (const request of requests) {
          const [wide, strict] = [decide(policy, request), decide(extended, request)];
          if (wide.effect === 'allow' && strict.effect === 'deny') seen.stricter++;
          if (strict.effect === 'deny') continue;
          seen.allowed++;
          expect(wide.effect).toBe('allow');
          expect(strict.obligations).toEqual(
            expect.arrayContaining(wide.obligations.filter((duty) => duty !== 'audit')),
          );
        }
      }),
      { numRuns: 1_000 },
    );
    // The generator must not live of refusals, nor of policies that deny everything anyway.
    expect(Math.min(seen.loaded, seen.refused, seen.stricter, seen.allowed)).toBeGreaterThan(20);
  });
});
