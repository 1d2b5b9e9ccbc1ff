import { describe, expect, it } from '@jest/globals';
import type { PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import { answersOf, compiled, complaints, policyText, treatmentRead } from '../../support/policy.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

// How policies fail open elsewhere, each tried here.

/** What no type lets through, and a run-time caller may send. */
const odd = (request: PolicyRequest, change: object): PolicyRequest => Object.assign({ ...request }, change);

describe('a missing attribute', () => {
  it.each<[condition: string, attribute: keyof PolicyRequest, phase: PolicyRequest['phase']]>([
    ['contains_phi: false', 'containsPhi', 'output'],
    ['names_patient: false', 'namesPatient', 'before'],
  ])('is no %s', (condition, attribute, phase) => {
    const action = phase === 'output' ? 'output' : 'read';
    const policy = compiled(
      policyText([`{ id: a, action: ${action}, effect: allow, conditions: [ { ${condition} } ] }`]),
    );
    const asked: PolicyRequest = { ...treatmentRead, phase, containsPhi: false, namesPatient: false };
    const { [attribute]: _, ...lacking } = asked;
    expect(decide(policy, asked).effect).toBe('allow');
    expect(decide(policy, Object.assign(lacking, { verb: asked.verb, phase, elements: asked.elements })).effect).toBe(
      'deny',
    );
    for (const value of [undefined, null, 0, '', 'false', Number.NaN, [], {}])
      expect(decide(policy, odd(asked, { [attribute]: value })).effect).toBe('deny');
  });

  it('excuses nobody from a deny, nor from a deny with an exception', () => {
    const rules = (deny: string) => [
      '{ id: all, action: read, effect: allow }',
      `{ id: no, action: read, effect: deny, ${deny} }`,
    ];
    const { principalRoles: _, ...nobody } = treatmentRead;
    for (const deny of ['conditions: [ { role: researcher } ]', 'unless: [ { role: clinician } ]']) {
      const policy = compiled(policyText(rules(deny)));
      expect(decide(policy, treatmentRead).effect).toBe('allow');
      expect(decide(policy, nobody)).toMatchObject({ effect: 'deny', rules: ['no'] });
    }
  });
});

describe('a rule that cannot be read', () => {
  it('is not skipped: the whole rulebook is refused', () => {
    const shipped = rulebookFiles()['policy.yaml'] ?? '';
    for (const broken of ['effect: dny', 'effect:', 'effect: [deny]', 'efect: deny'])
      expect(complaints({ 'policy.yaml': shipped.replace('effect: deny', broken) })).not.toEqual([]);
    expect(complaints({ 'policy.yaml': `${shipped}\n  - {` })).not.toEqual([]);
  });
});

describe('an empty policy', () => {
  it.each(['', '{}\n', `version: '1.0'\nname: x\n`, `version: '1.0'\nname: x\nrules: []\n`])(
    'does not load: %j',
    (text) => {
      expect(complaints({ 'policy.yaml': text })).not.toEqual([]);
    },
  );

  it('of denies alone denies everything', () => {
    const answer = answersOf(['{ id: no, action: export, effect: deny }']);
    expect(answer()).toMatchObject({ effect: 'deny', rules: ['default_deny'] });
    expect(answer({ phase: 'output', elements: [] }).effect).toBe('deny');
  });
});

describe('what no rule speaks about', () => {
  it('is denied', () => {
    const answer = answersOf([`{ id: read, action: read, resource: '/data/patient/*', effect: allow }`]);
    expect(answer().effect).toBe('allow');
    for (const change of [
      { verb: 'write' },
      { verb: 'export' },
      { verb: 'generate' },
      { phase: 'output' },
      { elements: ['facility'] },
      { elements: ['current_medications', 'facility'] },
      { elements: [] },
    ] as const)
      expect(answer(change)).toMatchObject({ effect: 'deny', rules: ['default_deny'] });
  });
});

describe('an unknown tier', () => {
  it.each<[file: string, from: string, to: string]>([
    ['actions.yaml', 'tier: T3', 'tier: T4'],
    ['actions.yaml', 'tier: T3', 'tier: t3'],
    ['actions.yaml', 'tier: T3', 'tier: Т3'], // a Cyrillic letter
    ['actions.yaml', 'tier: T3', 'tier: 3'],
    ['actions.yaml', '    tier: T3\n', ''],
    ['elements.yaml', 'tier: T2', 'tier: T'],
    ['tiers.yaml', '  T3:', '  T4:'],
    ['tiers.yaml', '  T3:', '  "T3 ":'],
  ])('in %s does not load: %j as %j', (file, from, to) => {
    const text = rulebookFiles()[file] ?? '';
    expect(text).toContain(from);
    expect(complaints({ [file]: text.replace(from, to) })).toContainEqual(expect.stringContaining(file));
  });
});

describe('another writing of a word in a request', () => {
  const policy = testRulebook().policy;
  const dashes = ['-', '\u2010', '\u2011', '\u2013', '\u2212', '\uFF3F', ' ', ''];
  const words = (word: string) => [
    word.toUpperCase(),
    ` ${word}`,
    `${word}\u200B`,
    `${word}\u0000`,
    word.normalize('NFD') + '\u0301',
    ...dashes.map((dash) => word.replace('_', dash)).filter((other) => other !== word),
  ];

  it('is asked for by nobody: as it stands it is allowed', () => {
    expect(decide(policy, treatmentRead).effect).toBe('allow');
  });

  it.each<[change: object]>([
    ...words('current_medications').map((word): [object] => [{ elements: [word] }]),
    ...words('clinical_staff').map((word): [object] => [{ principalRoles: [word] }]),
    ...words('triage').map((word): [object] => [{ agentRole: word }]),
    ...['treat', 'Treat', 'TREAT ', 'ＴＲＥＡＴ', 'treatment'].map((word): [object] => [{ purpose: word }]),
    ...words('treatment').map((word): [object] => [{ destination: word }]),
    ...words('read').map((word): [object] => [{ verb: word }]),
    ...words('before').map((word): [object] => [{ phase: word }]),
  ])('is unknown: %j', (change) => {
    expect(decide(policy, odd(treatmentRead, change)).effect).toBe('deny');
  });
});

describe('an agent with two roles', () => {
  const rules = [
    '{ id: all, action: read, effect: allow }',
    '{ id: no, action: read, effect: deny, conditions: [ { agent_role: billing } ] }',
  ];
  const agents = `agents:
  triage: { allowed_fields: [current_medications], allowed_operations: [read] }
  billing: { allowed_fields: [charges], allowed_operations: [read] }
`;

  it.each<[said: string, agentRole: unknown]>([
    ['a list of both', ['triage', 'billing']],
    ['a list of one', ['triage']],
    ['both in one word', 'triage,billing'],
    ['both in one word', 'triage billing'],
    ['a pattern', '*'],
    ['a set', new Set(['triage'])],
    ['something that turns into a word', { toString: () => 'triage' }],
    ['a word in a box', Object('triage')],
  ])('has none that grants: %s', (_said, agentRole) => {
    const asked = odd(treatmentRead, { agentRole });
    expect(decide(compiled(policyText([rules[0] ?? '', rules[1] ?? ''])), asked)).toMatchObject({ rules: ['no'] });
    expect(decide(compiled(policyText([rules[0] ?? ''], agents)), asked)).toMatchObject({
      effect: 'deny',
      nearMisses: [{ rule: 'agent.triage.current_medications', unmet: ['agentRole'] }],
    });
    expect(decide(compiled(policyText([rules[0] ?? ''], agents)), treatmentRead).effect).toBe('allow');
  });
});

describe('one answer', () => {
  it('is not another request’s: asking anew after any other asks again', () => {
    const { policy } = testRulebook();
    const strangers: PolicyRequest[] = [
      { ...treatmentRead, related: false },
      { ...treatmentRead, principalRoles: [] },
    ];
    for (const stranger of strangers) {
      expect(decide(policy, treatmentRead).effect).toBe('allow');
      expect(decide(policy, stranger).effect).toBe('deny');
      expect(decide(policy, treatmentRead).effect).toBe('allow');
    }
  });
});
