import { describe, expect, it } from '@jest/globals';
import type { Attribute, PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import { answersOf, compiled, complaints, policyText, treatmentRead } from '../../support/policy.js';

const read = (rest: string) => `{ id: read, action: read, resource: '/data/patient/*', effect: allow, ${rest} }`;
const everything = `{ id: all, action: [read, write], effect: allow }`;
const deny = (rest: string) => `{ id: no, action: read, effect: deny, ${rest} }`;
const effects = (rules: string[], changes: readonly Partial<PolicyRequest>[], more = '') => {
  const answer = answersOf(rules, more);
  return changes.map((change) => answer(change).effect);
};

describe('the condition on_call', () => {
  it('is met by somebody who is on call now, and by nobody else', () => {
    const answer = answersOf([read('conditions: [ { on_call: true } ]')]);
    expect(answer({ onCall: true })).toMatchObject({ effect: 'allow', rules: ['read'] });
    expect(answer({ onCall: false })).toMatchObject({
      effect: 'deny',
      nearMisses: [{ rule: 'read', unmet: ['onCall'] }],
    });
  });

  it('holds for a deny when nobody knows', () => {
    const rules = [everything, deny('conditions: [ { on_call: true } ]')];
    const policy = compiled(policyText(rules));
    const { onCall: _, ...unknown } = treatmentRead;
    expect(decide(policy, unknown).effect).toBe('deny');
    expect(effects(rules, [{ onCall: true }, { onCall: false }])).toEqual(['deny', 'allow']);
  });

  it.each(['false', '"true"', 'yes', '1'])('is never asked for as %s', (value) => {
    expect(complaints({ 'policy.yaml': policyText([read(`conditions: [ { on_call: ${value} } ]`)]) })).toEqual([
      expect.stringMatching(/^policy\.yaml:4:\d+: expected one of true$/),
    ]);
  });
});

describe('the condition preceded_by', () => {
  const within = 'preceded_within: 4h\n';

  it('is met by one of the action types that it names', () => {
    const rules = [read('conditions: [ { preceded_by: [record.read, medications.read] } ]')];
    const changes = [['medications.read'], ['facility.read', 'record.read'], ['facility.read'], []];
    expect(
      effects(
        rules,
        changes.map((precededBy) => ({ precededBy })),
        within,
      ),
    ).toEqual(['allow', 'allow', 'deny', 'deny']);
  });

  it('is met by no type that the rulebook does not govern, and by no other case of one', () => {
    const rules = [read('conditions: [ { preceded_by: record.read } ]')];
    const changes = [['Record.Read'], ['record․read'], ['record.read '], ['export.bulk']];
    expect(
      effects(
        rules,
        changes.map((precededBy) => ({ precededBy })),
        within,
      ),
    ).toEqual(['deny', 'deny', 'deny', 'deny']);
  });

  it('says how far back', () => {
    const look = (more: string) => compiled(policyText([everything], more));
    expect(look('preceded_within: 90m\n').precededWithinSeconds).toBe(5_400);
    expect(look('')).not.toHaveProperty('precededWithinSeconds');
  });

  it('does not load without saying how far back', () => {
    const rules = [everything, deny('conditions: [ { audit: required }, { preceded_by: record.read } ]')];
    expect(complaints({ 'policy.yaml': policyText(rules) })).toEqual([
      'policy.yaml:5:5: preceded_by looks back, and preceded_within does not say how far',
    ]);
  });

  it.each([
    ['unknown action type "record.reed"; did you mean "record.read"?', 'record.reed', '4h'],
    ['unknown action type "record.*"', "'record.*'", '4h'],
    ['expected a duration such as 30m or 72h', 'record.read', '4'],
    ['expected a duration such as 30m or 72h', 'record.read', '0h'],
    ['expected a duration such as 30m or 72h', 'record.read', '1d'],
  ])('is refused with "%s"', (message, type, window) => {
    const text = policyText([read(`conditions: [ { preceded_by: ${type} } ]`)], `preceded_within: '${window}'\n`);
    expect(complaints({ 'policy.yaml': text }).join()).toContain(message);
  });
});

describe('the condition time_window', () => {
  it('is met by a window that is open, and by no other', () => {
    const rules = [read('conditions: [ { time_window: business_hours } ]')];
    const changes = [['business_hours'], [], ['unknown'], ['Business_Hours'], ['business‐hours']];
    expect(
      effects(
        rules,
        changes.map((timeWindows) => ({ timeWindows })),
      ),
    ).toEqual(['allow', 'deny', 'deny', 'deny', 'deny']);
  });

  it('names a window of the calendar', () => {
    const text = policyText([read('conditions: [ { time_window: business_hour } ]')]);
    expect(complaints({ 'policy.yaml': text })).toEqual([
      expect.stringContaining('unknown time window "business_hour"; did you mean "business_hours"?'),
    ]);
  });

  it('holds for a deny where the calendar no longer knows the holidays', () => {
    const rules = [everything, deny('conditions: [ { time_window: business_hours } ]')];
    const changes: Partial<PolicyRequest>[] = [
      { timeWindows: [] },
      { timeWindows: ['unknown'] },
      { timeWindows: ['business_hours'] },
    ];
    expect(effects(rules, changes)).toEqual(['allow', 'deny', 'deny']);
  });
});

describe('an exception of a deny', () => {
  it('opens only while all of it is known to hold', () => {
    const rules = [everything, deny('unless: [ { time_window: business_hours }, { role: [clinician, admin] } ]')];
    const inside = { timeWindows: ['business_hours'] };
    expect(
      effects(rules, [
        inside,
        { ...inside, principalRoles: ['admin'] },
        { ...inside, principalRoles: ['pharmacist', 'clinician'] },
        { ...inside, principalRoles: ['pharmacist'] },
        { ...inside, principalRoles: [] },
        { timeWindows: [] },
        { timeWindows: ['unknown'] },
        { timeWindows: ['business_hours', 'unknown'] },
        { timeWindows: [], principalRoles: ['pharmacist'] },
      ]),
    ).toEqual(['allow', 'allow', 'allow', 'deny', 'deny', 'deny', 'deny', 'allow', 'deny']);
  });

  it.each<[exception: string, attribute: Attribute, holds: Partial<PolicyRequest>, fails: Partial<PolicyRequest>]>([
    ['purpose: treatment', 'purpose', {}, { purpose: 'HRESCH' }],
    ['destination: [treatment, external]', 'destination', { destination: 'external' }, { destination: 'deidentified' }],
    ['agent_role: triage', 'agentRole', {}, { agentRole: 'billing' }],
    ['role: clinician', 'principalRoles', {}, { principalRoles: ['admin'] }],
    ['names_patient: false', 'namesPatient', { namesPatient: false }, {}],
    ['treatment_relationship: proven', 'related', {}, { related: false }],
    ['on_call: true', 'onCall', { onCall: true }, {}],
    ['preceded_by: record.read', 'precededBy', { precededBy: ['record.read'] }, {}],
  ])('may ask for %s', (exception, attribute, holds, fails) => {
    const text = policyText([everything, deny(`unless: [ { ${exception} } ]`)], 'preceded_within: 1h\n');
    const policy = compiled(text);
    const met = { ...treatmentRead, ...holds };
    const { [attribute]: _, ...lacking } = met;
    expect(decide(policy, met).effect).toBe('allow');
    expect(decide(policy, { ...treatmentRead, ...fails })).toMatchObject({ effect: 'deny', rules: ['no'] });
    expect(decide(policy, lacking)).toMatchObject({ effect: 'deny', rules: ['no'] });
  });

  it('leaves alone what the deny does not speak about', () => {
    const rules = [everything, deny('conditions: [ { purpose: research } ], unless: [ { on_call: true } ]')];
    expect(effects(rules, [{}, { verb: 'write', purpose: 'HRESCH' }, { purpose: 'HRESCH' }])).toEqual([
      'allow',
      'allow',
      'deny',
    ]);
  });

  it.each<[what: string, rule: string, message: string]>([
    ['an allow has', read('unless: [ { on_call: true } ]'), 'only a deny has exceptions'],
    ['says nothing', deny('unless: []'), 'Too small'],
    ['is empty', deny('unless: [ {} ]'), 'an empty condition'],
    ['is an obligation', deny('unless: [ { audit: required } ]'), 'unknown key "audit"'],
    ['nobody knows', deny('unless: [ { on_cal: true } ]'), 'unknown key "on_cal"; did you mean "on_call"?'],
  ])('is refused where it %s', (_what, rule, message) => {
    expect(complaints({ 'policy.yaml': policyText([everything, rule]) }).join()).toContain(message);
  });
});

describe('an obligation', () => {
  it('may stand beside the conditions, and is told with the decision', () => {
    const answer = answersOf([
      '{ id: a, action: read, effect: allow, audit: required, alert: immediate }',
      '{ id: b, action: read, effect: allow, conditions: [ { audit: required } ] }',
      '{ id: c, action: write, effect: allow }',
    ]);
    expect(answer()).toMatchObject({ rules: ['a', 'b'], obligations: ['alert', 'audit'] });
    expect(answer({ verb: 'write' })).toMatchObject({ rules: ['c'], obligations: [] });
  });

  it('is carried by the deny that spoke, and by no grant that did not', () => {
    const answer = answersOf([
      '{ id: a, action: read, effect: allow, audit: required }',
      '{ id: no, action: read, effect: deny, alert: immediate, conditions: [ { purpose: research } ] }',
    ]);
    expect(answer({ purpose: 'HRESCH' })).toMatchObject({ rules: ['no'], obligations: ['alert'] });
    expect(answer().obligations).toEqual(['audit']);
    expect(answer({ verb: 'write' }).obligations).toEqual([]);
  });

  it('to redact comes with output', () => {
    const answer = answersOf(['{ id: out, action: output, effect: allow, redact: required }']);
    const output: Partial<PolicyRequest> = { phase: 'output', elements: [], containsPhi: true };
    expect(answer(output)).toMatchObject({ effect: 'allow', obligations: ['redact'] });
  });

  it('to redact is met by every grant together: one without it does not lift it', () => {
    const answer = answersOf([
      '{ id: out, action: output, effect: allow, redact: required }',
      '{ id: clean, action: output, effect: allow, conditions: [ { contains_phi: false } ] }',
    ]);
    expect(answer({ phase: 'output', elements: [], containsPhi: false }).obligations).toEqual(['redact']);
  });

  it.each<[what: string, rule: string, message: string]>([
    ['to redact what is denied', '{ action: output, effect: deny, redact: required }', 'what is denied does not leave'],
    [
      'to redact before there is output',
      '{ action: read, effect: allow, redact: required }',
      'only output can be redacted',
    ],
    [
      'to redact what is read and what leaves',
      '{ action: [output, read], effect: allow, redact: required }',
      'only output can be redacted',
    ],
    ['of an unknown kind', '{ action: read, effect: allow, audit: optional }', 'expected one of required'],
    ['to alert later', '{ action: read, effect: allow, alert: later }', 'expected one of immediate'],
  ])('%s is refused', (_what, rule, message) => {
    expect(complaints({ 'policy.yaml': policyText([rule]) }).join()).toContain(message);
  });
});

describe('a phase', () => {
  it('is a word of the vocabulary: a rule for output says nothing before it', () => {
    const answer = answersOf(['{ id: out, action: output, effect: allow }', '{ id: r, action: read, effect: allow }']);
    expect(answer().rules).toEqual(['r']);
    expect(answer({ phase: 'output' }).rules).toEqual(['out']);
  });

  it('of output is where a destination is judged too', () => {
    const answer = answersOf([
      '{ id: out, action: output, effect: allow }',
      "{ id: no, action: network, resource: 'external:*', effect: deny }",
    ]);
    const output: Partial<PolicyRequest> = { phase: 'output', elements: [] };
    expect(answer({ ...output, destination: 'external' }).rules).toEqual(['no']);
    expect(answer({ ...output, destination: 'treatment' }).effect).toBe('allow');
  });
});

describe('a rule id', () => {
  it.each(['default_deny', 'role.clinician.can.x', 'agent.triage.x'])('is not %s, which decisions use', (id) => {
    expect(complaints({ 'policy.yaml': policyText([`{ id: ${id}, action: read, effect: allow }`]) })).toEqual([
      `policy.yaml:4:11: reserved rule id "${id}"`,
    ]);
  });

  it.each(['role', 'roles.x', 'agents', 'default_deny_x', 'x.default_deny'])('may be %s', (id) => {
    expect(complaints({ 'policy.yaml': policyText([`{ id: ${id}, action: read, effect: allow }`]) })).toEqual([]);
  });

  it('is its place where it has none, which no other rule may take', () => {
    const two = policyText(['{ action: read, effect: allow }', '{ id: rule.1, action: read, effect: allow }']);
    expect(complaints({ 'policy.yaml': two })).toEqual(['policy.yaml:5:11: duplicate rule id "rule.1"']);
  });
});
