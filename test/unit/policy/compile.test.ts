import { describe, expect, it } from '@jest/globals';
import { compilePolicy } from '../../../src/policy/compile.js';
import { extensionSchema, policySchema } from '../../../src/policy/document.js';
import type { Finding } from '../../../src/rulebook/problem.js';
import { readYaml } from '../../../src/rulebook/yaml.js';
import { compiled, policyText, shippedWorld } from '../../support/policy.js';

const set = (...words: string[]) => new Set(words);
const everyVerb = set('read', 'write', 'export', 'generate');

/** What the compiler says of a policy, and of what extends it. */
const findings = (text: string, extension?: string) => {
  const found: { policy: Finding[]; extension: Finding[] } = { policy: [], extension: [] };
  const document = policySchema.parse(readYaml('policy.yaml', text).data);
  const extensions =
    extension === undefined
      ? []
      : [
          {
            document: extensionSchema.parse(readYaml('extension.yaml', extension).data),
            report: (finding: Finding) => void found.extension.push(finding),
          },
        ];
  compilePolicy(document, shippedWorld(), (finding) => void found.policy.push(finding), extensions);
  return found;
};
const places = (text: string) =>
  findings(text).policy.map(
    ({ path, atKey, message }) => `${path.join('.')}${atKey === true ? ' (key)' : ''}: ${message}`,
  );

describe('the compiler', () => {
  it('makes a rule of the core for each action, resource and exception', () => {
    const { gates, denies } = compiled(
      policyText([
        `{ id: a, action: read, resource: ['/data/facility/*', 'external:*'], effect: allow, conditions: [ { purpose: treatment, contains_phi: false } ] }`,
        `{ id: no, action: [write, network], effect: deny, conditions: [ { data_contains: phi } ], unless: [ { role: clinician, names_patient: false } ], alert: immediate }`,
      ]),
    );
    expect(gates).toStrictEqual([
      {
        name: 'rules',
        phases: ['before', 'output'],
        grants: [
          {
            id: 'a',
            effect: 'allow',
            verbs: set('read'),
            phase: 'before',
            elements: set('facility'),
            conditions: [
              { attribute: 'purpose', oneOf: set('TREAT') },
              { attribute: 'containsPhi', is: false },
            ],
            obligations: [],
          },
          {
            id: 'a',
            effect: 'allow',
            verbs: set('read'),
            phase: 'before',
            elements: 'any',
            conditions: [
              { attribute: 'destination', oneOf: set('external') },
              { attribute: 'purpose', oneOf: set('TREAT') },
              { attribute: 'containsPhi', is: false },
            ],
            obligations: [],
          },
        ],
      },
    ]);
    const denial = (verbs: ReadonlySet<string>, phase: string, left: unknown) => ({
      id: 'no',
      effect: 'deny',
      verbs,
      phase,
      elements: 'any',
      conditions: [{ attribute: 'containsPhi', is: true }, left],
      obligations: ['alert'],
    });
    const lefts = [
      { attribute: 'principalRoles', noneOf: set('clinician') },
      { attribute: 'namesPatient', is: true },
    ];
    expect(denies).toStrictEqual([
      ...lefts.map((left) => denial(set('write'), 'before', left)),
      ...lefts.map((left) => denial(everyVerb, 'output', left)),
    ]);
  });

  it('makes a gate of each table, and a rule of each cell', () => {
    const { gates, denies } = compiled(
      policyText(
        ['{ id: a, action: read, effect: allow }'],
        'roles: { researcher: { can_access: [de_identified_data], cannot_access: [phi] } }\n' +
          'agents: { triage_agent: { allowed_fields: [dob], allowed_operations: [read, write], requires_break_glass: [medications] } }\n',
      ),
    );
    const cell = { phase: 'before', obligations: [] };
    const researcher = { attribute: 'principalRoles', anyOf: set('researcher') };
    const triage = { attribute: 'agentRole', oneOf: set('triage') };
    expect(gates.slice(1)).toStrictEqual([
      {
        name: 'roles',
        phases: ['before'],
        grants: [
          {
            ...cell,
            id: 'role.researcher.can.de_identified_data',
            effect: 'allow',
            verbs: everyVerb,
            elements: 'any',
            conditions: [researcher, { attribute: 'destination', oneOf: set('deidentified') }],
          },
        ],
      },
      {
        name: 'agents',
        phases: ['before'],
        grants: [
          {
            ...cell,
            id: 'agent.triage.demographics.dob',
            effect: 'allow',
            verbs: set('read', 'write'),
            elements: set('demographics.dob'),
            conditions: [triage],
          },
          {
            ...cell,
            id: 'agent.triage.current_medications',
            effect: 'allow',
            verbs: set('read', 'write'),
            elements: set('current_medications'),
            conditions: [triage, { attribute: 'purpose', oneOf: set('ETREAT', 'BTG') }],
          },
        ],
      },
    ]);
    expect(denies.map(({ id, effect, conditions }) => ({ id, effect, conditions }))).toStrictEqual([
      {
        id: 'role.researcher.cannot.phi',
        effect: 'deny',
        conditions: [researcher, { attribute: 'destination', oneOf: set('treatment', 'external') }],
      },
    ]);
  });

  it('closes the world: elements, and the words of each attribute', () => {
    const { elements, words } = compiled(policyText(['{ id: a, action: read, effect: allow }']));
    const { elements: all, roles, actionTypes } = shippedWorld();
    expect(elements).toEqual(new Set(all.keys()));
    expect(words).toEqual({
      purpose: set('TREAT', 'HPAYMT', 'HOPERAT', 'HRESCH', 'PATRQT', 'PUBHLTH', 'ETREAT', 'BTG'),
      destination: set('treatment', 'external', 'deidentified'),
      agentRole: set('scheduling', 'triage', 'billing', 'documentation', 'clinical_decision_support'),
      principalRoles: roles,
      timeWindows: set('business_hours'),
      precededBy: actionTypes,
    });
  });

  it('tells where each word stands that it does not know', () => {
    const rules = [
      `{ action: [read, reed], resource: ['/data/patient/*', '/data/x'], effect: allow, conditions: [ { audit: required }, { purpose: [treatment, x], role: x } ] }`,
      `{ action: reed, resource: x, effect: deny, unless: [ { on_call: true }, { time_window: x } ], conditions: [ { data_contains: x } ] }`,
      `{ action: output, effect: deny, conditions: [ { data_contains: billing }, { agent_role: x, destination: x, preceded_by: [x] } ] }`,
      '{ action: read, effect: allow, redact: required }',
    ];
    const more =
      'preceded_within: 1h\nroles: { x: { can_access: [medications] }, clinician: { can_access: [medications, y], cannot_access: [z] } }\n' +
      'agents: { x: { allowed_fields: [dob], allowed_operations: [read] }, triage: { allowed_fields: [dob, y], allowed_operations: [read], requires_break_glass: [z] } }\n';
    const found = places(policyText(rules, more));
    const expected = [
      'rules.0.conditions.1.purpose.1: unknown purpose "x"',
      'rules.0.conditions.1.role: unknown role "x"',
      'rules.0.resource.1: unknown resource "/data/x"',
      'rules.0.action.1: unknown action "reed"',
      'rules.1.conditions.0.data_contains: unknown category "x"',
      'rules.1.unless.1.time_window: unknown time window "x"',
      'rules.1.resource: unknown resource "x"',
      'rules.1.action: unknown action "reed"',
      'rules.2.conditions.1.destination: unknown destination "x"',
      'rules.2.conditions.1.agent_role: unknown agent "x"',
      'rules.2.conditions.1.preceded_by.0: unknown action type "x"',
      'rules.2.conditions.0.data_contains: nothing can say whether data contains "billing"',
      'rules.3.redact: only output can be redacted',
      'roles.x (key): unknown role "x"',
      'roles.clinician.can_access.1: unknown category "y"',
      'roles.clinician.cannot_access.0: unknown category "z"',
      'agents.x (key): unknown agent "x"',
      'agents.triage.allowed_fields.1: unknown field "y"',
      'agents.triage.requires_break_glass.0: unknown field "z"',
    ];
    expect([...found].sort()).toEqual([...expected].sort());
  });

  it('suggests nothing for an id that is there twice', () => {
    const twice = '{ id: a, action: read, effect: allow }';
    expect(findings(policyText([twice, twice])).policy).toEqual([
      { path: ['rules', 1, 'id'], message: 'duplicate rule id "a"', word: 'a', known: [] },
    ]);
  });

  it('tells whoever wrote it that nothing says how far preceded_by looks', () => {
    const rule = (id: string) =>
      `{ id: ${id}, action: read, effect: deny, conditions: [ { preceded_by: record.read } ] }`;
    const message = 'preceded_by looks back, and preceded_within does not say how far';
    const extension = `version: '1.0'\nname: x\nextends: base\nrules: [ ${rule('b')} ]\n`;
    expect(findings(policyText([rule('a')]), extension)).toEqual({
      policy: [{ path: ['rules', 0], message }],
      extension: [{ path: ['rules', 0], message }],
    });
    expect(findings(policyText([rule('a')], 'preceded_within: 1h\n'), extension)).toEqual({
      policy: [],
      extension: [],
    });
  });
});
