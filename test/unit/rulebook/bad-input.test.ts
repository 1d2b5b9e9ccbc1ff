import { describe, expect, it } from '@jest/globals';
import { canonicalBytes } from '../../../src/action/canonical.js';
import { digest } from '../../../src/action/ids.js';
import { restoreRulebook } from '../../../src/rulebook/load.js';
import { RulebookError } from '../../../src/rulebook/problem.js';
import { readYaml } from '../../../src/rulebook/yaml.js';
import { complaints, policyText } from '../../support/policy.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

const files = rulebookFiles();
const edited = (file: string, from: string, to: string) => {
  const text = files[file] ?? '';
  if (!text.includes(from)) throw new Error(`${file} does not hold the passage any more`);
  return { [file]: text.replace(from, () => to) };
};
const yamlProblems = (text: string): string[] => {
  try {
    readYaml('x.yaml', text);
    return [];
  } catch (error) {
    if (!(error instanceof RulebookError)) throw error;
    expect(error.problems.every(({ line, column }) => line !== undefined && column !== undefined)).toBe(true);
    return error.message.split('\n');
  }
};

describe('a YAML file', () => {
  it.each<[what: string, text: string, problem: string]>([
    ['an anchor', 'roles: &all {}\n', '1:13: anchors are not allowed'],
    ['an alias', 'a: &x 1\nb: *x\n', '2:4: aliases are not allowed'],
    ['a billion laughs', 'a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n', '3:5: aliases are not allowed'],
    ['a merge key', '<<: {a: 1}\n', '1:1: merge keys are not allowed'],
    ['a tag', 'roles: !!map {}\n', '1:14: tags are not allowed'],
    ['a tag on a scalar', 'a: !!binary aGk=\n', '1:13: tags are not allowed'],
    ['a foreign tag', 'roles: !x {}\n', '1:8: Unresolved tag: !x'],
    ['a duplicate key', 'roles: {}\nroles: {}\n', '2:1: map keys must be unique'],
    ['a duplicate key in quotes', 'roles: {}\n"roles": {}\n', '2:1: map keys must be unique'],
    ['a duplicate key by escape', 'roles: {}\n"rol\\u0065s": {}\n', '2:1: map keys must be unique'],
    ['a tab for indentation', 'roles:\n\tclinician: {}\n', '2:1: Tabs are not allowed as indentation'],
    ['two documents', 'roles: {}\n---\nroles: {}\n', '2:1: more than one document'],
    ['a version of YAML', '# old\n%YAML 1.1\n---\na: yes\n', '2:1: directives are not allowed'],
    ['the version that it has', '%YAML 1.2\n---\na: yes\n', '1:1: directives are not allowed'],
    ['a key that is a list', '? [a]\n: b\n', '1:3: keys must be plain words'],
    ['a key that is a number', '1: b\n', '1:1: keys must be plain words'],
    ['a key that is a truth', 'true: b\n', '1:1: keys must be plain words'],
    ['a key that is nothing', '? \n: b\n', '1:3: keys must be plain words'],
    ['a reserved key', 'roles:\n  __proto__: {}\n', '2:3: a reserved word'],
    ['a reserved key in quotes', '"__proto__": {}\n', '1:1: a reserved word'],
    ['no content', '', '1:1: the file is empty'],
    ['only a comment', '# nothing\n', '1:1: the file is empty'],
    ['10 MB', ' '.repeat(10_000_000), '1:1: the file is larger than 1 MB'],
    ['one letter more than 1 MB', `#${'x'.repeat(1_000_000)}`, '1:1: the file is larger than 1 MB'],
    [
      'an unclosed bracket',
      'roles: {\n',
      'Flow map in block collection must be sufficiently indented and end with a }',
    ],
    ['brackets without end', '['.repeat(50_000), '1:65: nested too deep'],
    ['lists without end', `a:\n  ${'- '.repeat(50_000)}`, 'x.yaml:2:'],
  ])('is refused for %s', (_what, text, problem) => {
    const found = yamlProblems(text);
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^x\\.yaml:\\d+:\\d+: `)));
    expect(found.join('\n')).toContain(problem);
    expect(found.length).toBeLessThanOrEqual(20);
  });

  it.each<[what: string, text: string, data: unknown]>([
    ['1 MB', `a: 1 #${'x'.repeat(999_994)}`, { a: 1 }],
    ['a merge key in quotes, which is a word', `'<<': 1\n`, { '<<': 1 }],
    ['words that YAML 1.1 took for truths', 'a: [yes, no, on, off]\n', { a: ['yes', 'no', 'on', 'off'] }],
    ['times and dates as words', 'a: [08:00, 2026-01-01]\n', { a: ['08:00', '2026-01-01'] }],
    ['a byte order mark', '\uFEFFa: 1\n', { a: 1 }],
  ])('may hold %s', (_what, text, data) => {
    expect(readYaml('x.yaml', text).data).toEqual(data);
  });

  it('locates keys, values, and the nearest that is there for what is not', () => {
    const { locate } = readYaml('x.yaml', 'a:\n  b: [one, two]\n  c: { d: 1 }\n');
    expect(locate(['a', 'b', 1])).toEqual({ file: 'x.yaml', line: 2, column: 12 });
    expect(locate(['a', 'c'], true)).toEqual({ file: 'x.yaml', line: 3, column: 3 });
    expect(locate(['a', 'c'])).toEqual({ file: 'x.yaml', line: 3, column: 6 });
    expect(locate(['a', 'c', 'e'])).toEqual({ file: 'x.yaml', line: 3, column: 6 });
    expect(locate(['a', 'b', 7])).toEqual({ file: 'x.yaml', line: 2, column: 6 });
    expect(locate([])).toEqual({ file: 'x.yaml', line: 1, column: 1 });
    expect(locate(['z', 'y'])).toEqual({ file: 'x.yaml', line: 1, column: 1 });
  });
});

describe('a number that is none', () => {
  it.each(['.nan', '.inf', '-.inf', '1e999', '-1', '0', '1.5', '"1"', 'one', 'null', '[1]'])(
    'is no count of people: %s',
    (value) => {
      const found = complaints(edited('tiers.yaml', 'clinical_staff, count: 1', `clinical_staff, count: ${value}`));
      expect(found).toContainEqual(expect.stringMatching(/^tiers\.yaml:\d+:\d+: /));
    },
  );

  it.each(['.nan', '.inf', '-5', '100', '49.9', '"50"'])('is no share of a deadline: %s', (value) => {
    expect(complaints(edited('tiers.yaml', 'reminder: 50', `reminder: ${value}`))).toHaveLength(1);
  });

  it.each(['.nan', '.inf', '1e400', '0', '-1'])('is no number of records: %s', (value) => {
    expect(complaints(edited('tiers.yaml', 'records: 200', `records: ${value}`))).toHaveLength(1);
  });

  it.each(['1e9h', 'NaN', '-4h', '0h', '4.5h', '４h', '4H', '99999h', 'P1D'])('is no deadline: %s', (value) => {
    expect(complaints(edited('tiers.yaml', 'deadline: 4h', `deadline: '${value}'`))).toHaveLength(1);
  });
});

const names = ['constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf', 'isPrototypeOf'];

describe('a word that every object has', () => {
  it.each(names)('stands for nothing in a policy: %s', (name) => {
    const rules = [
      `{ id: a, action: ${name}, effect: allow }`,
      `{ id: b, action: read, resource: ${name}, effect: allow }`,
      `{ id: c, action: network, effect: deny, conditions: [ { data_contains: ${name} } ] }`,
      ...['purpose', 'role', 'agent_role', 'destination', 'time_window', 'preceded_by'].map(
        (key) => `{ id: ${key}, action: read, effect: allow, conditions: [ { ${key}: ${name} } ] }`,
      ),
    ];
    const more = `preceded_within: 1h\nroles: { ${name}: { can_access: [${name}] } }\nagents: { ${name}: { allowed_fields: [${name}], allowed_operations: [read] } }\n`;
    const found = complaints({ 'policy.yaml': policyText(rules, more) }).filter((line) => line.includes(`"${name}"`));
    expect(found.map((line) => line.replace(/^\S+ unknown (.*?) ".*$/, '$1')).sort()).toEqual([
      'action',
      'action type',
      'agent',
      'agent',
      'category',
      'category',
      'destination',
      'field',
      'purpose',
      'resource',
      'role',
      'role',
      'time window',
    ]);
  });

  it.each(names)('stands for nothing in the other documents: %s', (name) => {
    expect(complaints(edited('roles.yaml', '[clinician]', `[${name}]`)).join()).toContain('roles.yaml:');
    expect(complaints(edited('vocabulary.yaml', 'name: demographics.name', `name: ${name}`)).join()).toContain(
      'vocabulary.yaml:',
    );
    expect(complaints(edited('actions.yaml', 'record_class: action', `record_class: ${name}`)).join()).toContain(
      'actions.yaml:',
    );
  });

  it('is no key of a stored rulebook', () => {
    const { content } = testRulebook();
    const text = JSON.stringify(content).replace('"rules":[', '"__proto__":{"rules":[]},"rules":[');
    const stored: unknown = JSON.parse(text);
    expect(() => restoreRulebook(digest('0'.repeat(64)), stored)).toThrow(RulebookError);
    expect(() => restoreRulebook(digest(bytesToHex(sha256(canonicalBytes(stored)))), stored)).toThrow(RulebookError);
  });
});

/** What looks like a word and is another: letter case, scripts, widths, invisible letters, dashes. */
const variants = (word: string): string[] =>
  [
    word.toUpperCase(),
    word.replace(/^./, (letter) => letter.toUpperCase()),
    word.replace('e', 'е'), // Cyrillic
    word.replace('a', 'ａ'), // full width
    `${word}\u200B`, // zero width space
    `\u202E${word}`, // right to left override
    `${word}\u0301`, // a combining accent
    `${word} `,
    `${word}\u00A0`,
    ...(word.includes('_')
      ? ['-', '\u2010', '\u2011', '\u2013', '\u2212', '\uFF3F', ''].map((dash) => word.replace('_', dash))
      : []),
  ].filter((variant) => variant !== word);

describe('a word in another writing', () => {
  it.each([
    ...variants('treatment').map((word) => ['purpose', word]),
    ...variants('billing_staff').map((word) => ['role', word]),
    ...variants('triage').map((word) => ['agent_role', word]),
    ...variants('external').map((word) => ['destination', word]),
    ...variants('business_hours').map((word) => ['time_window', word]),
    ...variants('record.read').map((word) => ['preceded_by', word]),
  ])('is unknown as a %s: %j', (key, word) => {
    const rule = `{ id: a, action: read, effect: allow, conditions: [ { ${key}: ${JSON.stringify(word)} } ] }`;
    expect(complaints({ 'policy.yaml': policyText([rule], 'preceded_within: 1h\n') })).toEqual([
      expect.stringMatching(/^policy\.yaml:5:\d+: unknown /),
    ]);
  });

  it.each([...variants('read'), 'rеad'])('is unknown as an action: %j', (word) => {
    const rule = `{ id: a, action: ${JSON.stringify(word)}, effect: allow }`;
    expect(complaints({ 'policy.yaml': policyText([rule]) })).toEqual([expect.stringContaining('unknown action')]);
  });

  it.each(variants('allow'))('is no effect: %j', (word) => {
    const rule = `{ id: a, action: read, effect: ${JSON.stringify(word)} }`;
    expect(complaints({ 'policy.yaml': policyText([rule]) })).toEqual([
      expect.stringContaining('expected one of allow, deny'),
    ]);
  });

  it.each(variants('effect'))('is no key: %j', (word) => {
    const rule = `{ id: a, action: read, ${JSON.stringify(word)}: allow }`;
    expect(complaints({ 'policy.yaml': policyText([rule]) })).toContainEqual(expect.stringContaining('unknown key'));
  });
});

describe('a resource', () => {
  it.each([
    '.*',
    '*',
    '/data/**',
    '/data/patient/.*',
    '/data/patient/[a-z]*',
    '/data/(patient|facility)/*',
    '/data/patient/*|.*',
    '/data/patient',
    '/data/patient/',
    '/data/patient/../*',
    '/DATA/patient/*',
    '^/data/patient/*$',
    'external:.*',
    '',
  ])('is a word and no pattern: %j', (resource) => {
    const rule = `{ id: a, action: read, resource: ${JSON.stringify(resource)}, effect: allow }`;
    expect(complaints({ 'policy.yaml': policyText([rule]) })).toEqual([
      expect.stringMatching(resource === '' ? /expected a word|Too small/ : /^policy\.yaml:4:\d+: unknown resource/),
    ]);
  });
});

describe('a policy', () => {
  it.each<[what: string, text: string]>([
    ['without rules', `version: '1.0'\nname: x\nrules: []\n`],
    ['with nothing for rules', `version: '1.0'\nname: x\nrules:\n`],
    ['that is a list', '- a\n'],
    ['that is a word', 'allow\n'],
    ['of another version', policyText(['{ action: read, effect: allow }']).replace("'1.0'", "'2.0'")],
    ['of a version that is a number', policyText(['{ action: read, effect: allow }']).replace("'1.0'", '1.0')],
    ['with a rule that is nothing', policyText(['null'])],
    ['with a rule that is a word', policyText(['allow'])],
    ['with a rule of no effect', policyText(['{ action: read }'])],
    ['with a rule of no action', policyText(['{ effect: allow }'])],
    ['with a rule of an empty action', policyText(['{ action: [], effect: allow }'])],
    ['with a list of no purposes', policyText(['{ action: read, effect: allow, conditions: [ { purpose: [] } ] }'])],
    ['with an empty condition', policyText(['{ action: read, effect: allow, conditions: [ {} ] }'])],
    ['with no conditions in their list', policyText(['{ action: read, effect: allow, conditions: [] }'])],
    [
      'with conditions that are no list',
      policyText(['{ action: read, effect: allow, conditions: { purpose: treatment } }']),
    ],
    ['with a truth for a word', policyText(['{ action: read, effect: allow, conditions: [ { purpose: true } ] }'])],
    [
      'with a word for a truth',
      policyText(['{ action: read, effect: allow, conditions: [ { names_patient: "no" } ] }']),
    ],
    [
      'with a number for a truth',
      policyText(['{ action: read, effect: allow, conditions: [ { names_patient: 0 } ] }']),
    ],
    ['with an empty role table', policyText(['{ action: read, effect: allow }'], 'roles: { clinician: {} }\n')],
    [
      'with an agent that may do nothing',
      policyText(
        ['{ action: read, effect: allow }'],
        'agents: { triage: { allowed_fields: [problems], allowed_operations: [] } }\n',
      ),
    ],
    ['with an id of capitals', policyText(['{ id: A, action: read, effect: allow }'])],
    ['with a long id', policyText([`{ id: ${'a'.repeat(65)}, action: read, effect: allow }`])],
  ])('%s is refused', (_what, text) => {
    expect(complaints({ 'policy.yaml': text })).toContainEqual(expect.stringMatching(/^policy\.yaml:\d+:\d+: /));
  });
});

describe('roles', () => {
  it.each(['[clinical_staff]', '[senior_clinician]', '[clinician]'])('go in no circle: %s', (implies) => {
    const text = (files['roles.yaml'] ?? '').replace(
      'Takes part in care under supervision',
      (meaning) => `${meaning}\n    implies: ${implies}`,
    );
    expect(complaints({ 'roles.yaml': text })).toContainEqual(
      expect.stringMatching(/^roles\.yaml:\d+:3: role "clinical_staff" implies itself$/),
    );
  });
});
