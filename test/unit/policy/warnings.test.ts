import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import { reviewRulebook, type Warning } from '../../../src/rulebook/load.js';
import { policyText, treatmentRead } from '../../support/policy.js';
import { noTrust, policies, rulebookFiles } from '../../support/rulebook.js';

const review = (changes: Readonly<Record<string, string>>) => reviewRulebook(rulebookFiles(changes), noTrust);
const warningsOf = (text: string) => review({ 'policy.yaml': text }).warnings;
const placed = ({ file, line, column, message }: Warning) => `${file}:${line}:${column}: ${message}`;
const said = (rules: readonly string[], more = '') => warningsOf(policyText(rules, more)).map(placed);
const about = `action: read, resource: '/data/patient/*', effect: allow`;

describe('the policies that ship', () => {
  it('give no cause for a warning', () => {
    expect(review({}).warnings).toEqual([]);
  });
});

describe('the published example', () => {
  const text = readFileSync(join(policies, 'examples', 'hipaa-phi-protection.yaml'), 'utf8');
  const deny = [
    '- id: only_rule_4',
    '  action: read',
    '  resource: /data/patient/*',
    '  effect: deny',
    '  unless:',
    '    - time_window: business_hours',
    '    - role:',
    '        - clinician',
    '        - admin',
    '',
  ].join('\n');

  it('is warned that its hours restrict nothing, and told the rule that would', () => {
    const { line, column } = placeOf(text, 'action: read\n    resource: "/data/patient/*"\n    conditions: [ { time');
    expect(warningsOf(text)).toEqual([
      {
        file: 'policy.yaml',
        line,
        column,
        message: '"rule.4" restricts nothing: "rule.1" allows the same without role, time_window',
        paste: deny,
      },
    ]);
  });

  it('restricts once that rule is pasted, and is not warned any more', () => {
    const pasted = text.replace('roles:', `${deny.replace(/^(?=.)/gm, '  ')}roles:`);
    const { rulebook, warnings } = review({ 'policy.yaml': pasted });
    expect(warnings).toEqual([]);
    const answer = (change: Partial<PolicyRequest>) => decide(rulebook.policy, { ...treatmentRead, ...change });
    expect(answer({}).rules).toEqual(['only_rule_4']);
    expect(answer({ timeWindows: ['business_hours'] }).effect).toBe('allow');
    expect(answer({ timeWindows: ['business_hours'], principalRoles: ['pharmacist'] }).rules).toEqual(['only_rule_4']);
  });

  it('is warned still when only a half of it is pasted', () => {
    const half = deny.replace(/ {4}- role:[^]*$/, '').replace(/^(?=.)/gm, '  ');
    expect(warningsOf(text.replace('roles:', `${half}roles:`)).map(({ message }) => message)).toEqual([
      '"rule.4" restricts nothing: "rule.1" allows the same without role, time_window',
    ]);
  });
});

describe('a grant that restricts nothing', () => {
  const wide = `{ id: wide, ${about}, conditions: [ { purpose: [treatment, research] } ] }`;

  it.each<[what: string, condition: string, keys: string]>([
    ['hours', 'time_window: business_hours', 'time_window'],
    ['a sequence', 'preceded_by: record.read', 'preceded_by'],
    ['who is on call', 'on_call: true', 'on_call'],
  ])('asks for %s where another does not', (_what, condition, keys) => {
    const narrow = `{ id: narrow, ${about}, conditions: [ { ${condition} } ] }`;
    expect(said([wide, narrow], 'preceded_within: 1h\n')).toEqual([
      `policy.yaml:${6}:5: "narrow" restricts nothing: "wide" allows the same without ${keys}`,
    ]);
    expect(said([narrow, wide], 'preceded_within: 1h\n')).toHaveLength(1);
  });

  it('asks for a role or less purposes within another that asks for neither', () => {
    expect(said([wide, `{ id: narrow, ${about}, conditions: [ { purpose: treatment, role: clinician } ] }`])).toEqual([
      'policy.yaml:5:5: "narrow" restricts nothing: "wide" allows the same without purpose, role',
    ]);
  });

  it.each<[what: string, rule: string]>([
    ['of another purpose', `{ id: x, ${about}, conditions: [ { purpose: payment, time_window: business_hours } ] }`],
    ['of another action', `{ id: x, action: write, effect: allow, conditions: [ { time_window: business_hours } ] }`],
    ['of a wider resource', `{ id: x, action: read, effect: allow, conditions: [ { time_window: business_hours } ] }`],
    ['of another phase', `{ id: x, action: output, effect: allow, conditions: [ { time_window: business_hours } ] }`],
    ['for another role and any purpose', `{ id: x, ${about}, conditions: [ { role: privacy_officer } ] }`],
  ])('is not one %s', (_what, rule) => {
    expect(said([wide, rule])).toEqual([]);
  });

  it('is not one where the other asks for as much', () => {
    const narrow = `{ id: narrow, ${about}, conditions: [ { role: clinician }, { time_window: business_hours } ] }`;
    const other = `{ id: other, ${about}, conditions: [ { purpose: treatment }, { time_window: business_hours } ] }`;
    expect(said([other, narrow])).toEqual([]);
  });

  it('gets a deny of the purpose that it names, unless who and when are right', () => {
    const [warning] = warningsOf(
      policyText([
        wide,
        `{ id: by.day, ${about}, audit: required, conditions: [ { purpose: treatment, audit: required, on_call: true }, { role: clinician } ] }`,
      ]),
    );
    expect(warning?.paste).toBe(
      [
        '- id: only_by_day',
        '  action: read',
        '  resource: /data/patient/*',
        '  effect: deny',
        '  conditions:',
        '    - purpose: treatment',
        '  unless:',
        '    - on_call: true',
        '    - role: clinician',
        '',
      ].join('\n'),
    );
  });

  it('gets a deny unless everything that it asks for holds, where it asks neither who nor when', () => {
    const rules = [
      '{ id: wide, action: read, effect: allow }',
      '{ id: narrow, action: read, effect: allow, conditions: [ { purpose: treatment, treatment_relationship: proven } ] }',
    ];
    const [warning, ...others] = warningsOf(policyText(rules));
    expect(others).toEqual([]);
    expect(warning?.paste).toBe(
      [
        '- id: only_narrow',
        '  action: read',
        '  effect: deny',
        '  unless:',
        '    - purpose: treatment',
        '    - treatment_relationship: proven',
        '',
      ].join('\n'),
    );
    const pasted = `${policyText(rules)}${warning?.paste?.replace(/^(?=.)/gm, '  ')}`;
    expect(warningsOf(pasted).map(placed)).toEqual([
      'policy.yaml:5:5: "narrow" adds nothing: "wide" allows all of it', // the deny does it now
    ]);
  });

  it('is one where denies close some of its scope only', () => {
    const rules = [
      '{ id: wide, action: [read, write], effect: allow }',
      '{ id: narrow, action: [read, write], effect: allow, conditions: [ { on_call: true } ] }',
    ];
    const closing = (action: string) => `{ id: no, action: ${action}, effect: deny, unless: [ { on_call: true } ] }`;
    const messages = (action: string) => said([...rules, closing(action)]).map((line) => line.split(': ')[1]);
    expect(messages('read')).toEqual(['"narrow" restricts nothing']);
    expect(messages('[read, write]')).toEqual(['"narrow" adds nothing']);
  });
});

describe('a rule that never allows anything', () => {
  const all = '{ id: all, action: read, effect: allow }';

  it.each<[what: string, rule: string, more: string, reason: string]>([
    [
      'asks for two purposes at once',
      '{ id: x, action: write, effect: allow, conditions: [ { purpose: treatment }, { purpose: research } ] }',
      '',
      'its conditions exclude each other',
    ],
    [
      'asks for a patient and for none',
      '{ id: x, action: write, effect: allow, conditions: [ { names_patient: true }, { names_patient: false } ] }',
      '',
      'its conditions exclude each other',
    ],
    [
      'asks before the output what is in it',
      '{ id: x, action: write, effect: allow, conditions: [ { contains_phi: false } ] }',
      '',
      'nobody knows before the output whether it will hold PHI',
    ],
    [
      'no agent table opens',
      '{ id: x, action: write, effect: allow }',
      'agents: { triage: { allowed_fields: [allergies], allowed_operations: [read] } }\n',
      'no table of agents gives any of it',
    ],
    [
      'no agent table opens for its resource',
      `{ id: x, action: read, resource: '/data/facility/*', effect: allow, conditions: [ { names_patient: false } ] }`,
      'agents: { triage: { allowed_fields: [allergies], allowed_operations: [read] } }\n',
      'no table of agents gives any of it',
    ],
    [
      'no role table opens to its role',
      '{ id: x, action: write, effect: allow, conditions: [ { destination: external } ] }',
      'roles: { researcher: { can_access: [de_identified_data] } }\n',
      'no table of roles gives any of it',
    ],
    [
      'stands under role tables that open nothing',
      '{ id: x, action: write, effect: allow }',
      'roles: { researcher: { cannot_access: [phi] } }\n',
      'no table of roles gives any of it',
    ],
  ])('%s', (_what, rule, more, reason) => {
    const found = said([all, rule], more);
    expect(found.filter((line) => line.includes('"x"'))).toEqual([
      expect.stringMatching(new RegExp(`^policy\\.yaml:\\d+:5: "x" never allows anything: ${reason}$`)),
    ]);
  });

  it('meets a deny wherever it would', () => {
    const rules = [
      '{ id: x, action: read, effect: allow, conditions: [ { purpose: research } ] }',
      '{ id: no, action: [read, write], effect: deny, conditions: [ { purpose: [research, payment] } ] }',
    ];
    expect(said(rules)).toEqual(['policy.yaml:4:5: "x" never allows anything: "no" denies all of it']);
    const others = [
      rules[0] ?? '',
      '{ id: no, action: read, effect: deny, conditions: [ { purpose: research }, { role: admin } ] }',
    ];
    expect(said(others)).toEqual([]);
  });

  it('is one only when none of its actions and resources could', () => {
    const rules = ['{ id: x, action: [read, write], effect: allow }', '{ id: no, action: read, effect: deny }'];
    expect(said(rules)).toEqual([]);
    expect(said([...rules, '{ id: neither, action: write, effect: deny }'])).toEqual([
      'policy.yaml:4:5: "x" never allows anything: "no" denies all of it',
    ]);
  });

  it('may be a cell of a table, which stands where it was written', () => {
    const more = 'roles: { clinician: { can_access: [medications, diagnoses], cannot_access: [diagnoses] } }\n';
    expect(said([all], more)).toEqual([
      'policy.yaml:3:49: "role.clinician.can.diagnoses" never allows anything: "role.clinician.cannot.diagnoses" denies all of it',
    ]);
  });
});

describe('a deny that asks before the output what is in it', () => {
  it('always holds, as nobody knows', () => {
    const rules = [
      '{ id: all, action: read, effect: allow }',
      '{ id: no, action: write, effect: deny, conditions: [ { contains_phi: true } ] }',
    ];
    expect(said(rules)).toEqual([
      'policy.yaml:5:5: "no" denies with and without PHI: nobody knows before the output whether it will hold any',
    ]);
    expect(said([rules[0] ?? '', (rules[1] ?? '').replace('write', 'output')])).toEqual([]);
  });
});

describe('a rule that adds nothing', () => {
  const all = '{ id: all, action: [read, write], effect: allow, audit: required }';

  it.each<[what: string, rules: string[], message: string]>([
    ['is there twice', [all, all.replace('id: all', 'id: again')], '5:5: "again" adds nothing: "all" allows all of it'],
    [
      'is a part of another, whatever the order',
      ['{ id: part, action: read, effect: allow }', all],
      '4:5: "part" adds nothing: "all" allows all of it',
    ],
    [
      'is a part of several',
      [
        '{ id: both, action: [read, write], effect: allow }',
        '{ id: r, action: [read, export], effect: allow }',
        '{ id: w, action: [write, generate], effect: allow }',
      ],
      '4:5: "both" adds nothing: "r" and "w" allow all of it',
    ],
    [
      'is denied by several',
      [
        '{ id: both, action: [read, write], effect: deny }',
        '{ id: r, action: [read, export], effect: deny }',
        '{ id: w, action: [write, generate], effect: deny }',
      ],
      '4:5: "both" adds nothing: "r" and "w" deny all of it',
    ],
    [
      'denies what is denied',
      [
        all,
        '{ id: no, action: read, effect: deny, conditions: [ { on_call: true } ] }',
        '{ id: never, action: [read, export], effect: deny, conditions: [ { on_call: true } ] }',
      ],
      '5:5: "no" adds nothing: "never" denies all of it',
    ],
  ])('%s', (_what, rules, message) => {
    expect(said(rules)[0]).toBe(`policy.yaml:${message}`);
  });

  it('adds something where it comes with a duty that the other has not', () => {
    expect(said([all, '{ id: told, action: read, effect: allow, alert: immediate }'])).toEqual([]);
    expect(said([all, '{ id: told, action: read, effect: allow, audit: required }'])).toHaveLength(1);
  });

  it('is told of once: the later of two that are the same', () => {
    const same = (id: string) => `{ id: ${id}, action: export, effect: deny }`;
    expect(said([all, same('a'), same('b'), same('c')]).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      '"b" adds nothing: "a" denies all of it',
      '"c" adds nothing: "a" denies all of it',
    ]);
  });

  it('may be a cell: what is open needs no broken glass, what no role may see none may be kept from', () => {
    const agents =
      'agents: { triage: { allowed_fields: [problems], allowed_operations: [read], requires_break_glass: [problems] } }\n';
    expect(said([all], agents)).toEqual([
      'policy.yaml:3:100: "agent.triage.problems" adds nothing: "agent.triage.problems" allows all of it',
    ]);
    const roles = 'roles: { clinician: { can_access: [medications], cannot_access: [diagnoses] } }\n';
    const no = `{ id: no, action: [read, write, export, generate], resource: '/data/patient/*', effect: deny, conditions: [ { purpose: research } ] }`;
    expect(said([all, no], roles)).toEqual([]);
    expect(said([all, no.replace(', conditions: [ { purpose: research } ]', '')], roles)).toContain(
      'policy.yaml:3:66: "role.clinician.cannot.diagnoses" adds nothing: "no" denies all of it',
    );
  });
});

describe('a policy that extends another', () => {
  const base = policyText([
    '{ id: all, action: read, effect: allow }',
    '{ id: day, action: read, effect: allow, conditions: [ { time_window: business_hours } ] }',
  ]);
  const extending = (lines: string) => ({
    'base.yaml': base,
    'policy.yaml': `version: '1.0'\nname: x\nextends: base\n${lines}`,
  });
  const found = (lines: string) => review(extending(lines)).warnings.map(placed);

  it('is warned of what is left, in the file where it stands', () => {
    expect(found('')).toEqual(['base.yaml:5:5: "day" restricts nothing: "all" allows the same without time_window']);
    expect(found('remove: [all]\n')).toEqual([]);
    expect(found('remove: [day]\nrules: [ { id: no, action: read, effect: deny } ]\n')).toEqual([
      'base.yaml:4:5: "all" never allows anything: "no" denies all of it',
    ]);
    expect(
      found('rules: [ { id: a, action: write, effect: deny }, { id: b, action: write, effect: deny } ]\n'),
    ).toContain('policy.yaml:4:50: "b" adds nothing: "a" denies all of it');
  });

  it('pastes what it added as well', () => {
    const [warning] = review(extending('narrow: { day: { conditions: [ { on_call: true } ] } }\n')).warnings;
    expect(warning?.paste).toContain('unless:\n    - time_window: business_hours\n    - on_call: true\n');
  });
});

/** Where `passage` stands in the text, from 1. */
function placeOf(text: string, passage: string) {
  const before = text.slice(0, text.indexOf(passage)).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

describe('a policy of many rules', () => {
  const many = (number: number) =>
    Array.from({ length: number }, (_, at) => `{ id: r${at}, ${about}, conditions: [{ purpose: treatment }] }`);

  it('is reviewed up to 1,000 of them', () => {
    expect(said(many(1_000))).toHaveLength(999);
  });

  it('is refused beyond', () => {
    expect(() => said(many(1_001))).toThrow('policy.yaml:4:3: more than 1,000 rules');
  });
});
