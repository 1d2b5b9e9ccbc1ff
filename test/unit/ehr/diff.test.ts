import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/action/canonical.js';
import { digest } from '../../../src/action/ids.js';
import { fieldDiff, fieldOf, type FieldChange } from '../../../src/ehr/diff.js';
import { isFaithful, keepsNumbers } from '../../../src/ehr/faithful.js';
import { propose } from '../../../src/ehr/proposal.js';
import { shownChange } from '../../../src/ehr/shown-change.js';
import { commitment, daily, dosed, halves, medication, orderOf } from './write-records.js';

type Json = Readonly<Record<string, unknown>>;

/** An object as JSON makes it: every name is its own field, also those that the language knows. */
const fromJson = (text: string): Json => Object.fromEntries(Object.entries(JSON.parse(text)));
const line = ({ path, before, after }: FieldChange): string =>
  `${path}: ${canonicalJson(before)} → ${canonicalJson(after)}`;

describe('the difference of two versions', () => {
  it.each<[what: string, before: string, after: string, changes: readonly string[]]>([
    ['nothing', '{"a":1,"b":[{"c":2}]}', '{"b":[{"c":2}],"a":1}', []],
    ['the server’s meta alone', '{"meta":{"versionId":"1"},"a":1}', '{"meta":{"versionId":"2"},"a":1}', []],
    ['a meta within', '{"a":{"meta":1}}', '{"a":{"meta":2}}', ['a.meta: 1 → 2']],
    ['a value', '{"status":"active"}', '{"status":"stopped"}', ['status: "active" → "stopped"']],
    ['a value more', '{}', '{"note":[{"text":"x"}]}', ['note: null → [{"text":"x"}]']],
    ['a value less', '{"a":{"b":{"c":1},"d":2}}', '{"a":{"d":2}}', ['a.b: {"c":1} → null']],
    ['a deep value', '{"a":[{"b":{"c":[1,{"d":2}]}}]}', '{"a":[{"b":{"c":[1,{"d":3}]}}]}', ['a[0].b.c[1].d: 2 → 3']],
    [
      'a first one in a list, and so all behind it',
      '{"a":["x","y"]}',
      '{"a":["w","x","y"]}',
      ['a[0]: "x" → "w"', 'a[1]: "y" → "x"', 'a[2]: null → "y"'],
    ],
    ['a list that ends sooner', '{"a":[1,2,3]}', '{"a":[1]}', ['a[1]: 2 → null', 'a[2]: 3 → null']],
    ['a list that was none', '{"a":"x"}', '{"a":["x"]}', ['a: "x" → ["x"]']],
    ['a list that is an object', '{"a":["x"]}', '{"a":{"0":"x"}}', ['a: ["x"] → {"0":"x"}']],
    ['an empty list', '{"a":[]}', '{"a":{}}', ['a: [] → {}']],
    ['an empty object more', '{}', '{"a":{}}', ['a: null → {}']],
    ['another type of the same look', '{"a":1,"b":true}', '{"a":"1","b":"true"}', ['a: 1 → "1"', 'b: true → "true"']],
    ['a number in its last digit', '{"a":0.1}', '{"a":0.10000000000000002}', ['a: 0.1 → 0.10000000000000002']],
    ['a number written otherwise', '{"a":1.0,"b":1e2,"c":-0}', '{"a":1,"b":100,"c":0}', []],
    ['letters that look the same', '{"a":"\u00e9"}', '{"a":"e\u0301"}', ['a: "\u00e9" → "e\u0301"']],
    ['an extension', '{"a":1}', '{"a":1,"_a":{"id":"x"}}', ['_a: null → {"id":"x"}']],
    [
      'within an extension',
      '{"_a":{"extension":[{"url":"u"}]}}',
      '{"_a":{"extension":[{"url":"v"}]}}',
      ['_a.extension[0].url: "u" → "v"'],
    ],
    ['a null that holds a place', '{"a":["x"]}', '{"a":["x",null]}', ['a[1]: null → null']],
    [
      'names that the language knows',
      '{"constructor":1}',
      '{"toString":2,"hasOwnProperty":3}',
      ['constructor: 1 → null', 'hasOwnProperty: null → 3', 'toString: null → 2'],
    ],
    ['a prototype that is a field', '{"a":{}}', '{"a":{"__proto__":{"b":1}}}', ['a["__proto__"]: null → {"b":1}']],
    ['within it', '{"__proto__":{"b":1}}', '{"__proto__":{"b":2}}', ['["__proto__"].b: 1 → 2']],
    ['a name with a dot', '{"a":{"b":1},"a.b":1}', '{"a":{"b":1},"a.b":2}', ['["a.b"]: 1 → 2']],
    ['a name like a place', '{"a":[1],"a[0]":1}', '{"a":[1],"a[0]":2}', ['["a[0]"]: 1 → 2']],
    ['a name that is none', '{"a":{"":1}}', '{"a":{"":2}}', ['a[""]: 1 → 2']],
  ])('is %s', (_what, before, after, changes) => {
    expect(fieldDiff(fromJson(before), fromJson(after)).map(line)).toEqual(changes);
  });

  it('turns the one into the other when laid over it, and so leaves nothing out', () => {
    fc.assert(
      fc.property(content, content, (before, after) => {
        expect(canonicalJson(patched(before, fieldDiff(before, after)))).toBe(canonicalJson(after));
      }),
    );
  });

  it('is nothing exactly where nothing differs', () => {
    fc.assert(
      fc.property(content, content, (before, after) => {
        expect(fieldDiff(before, before)).toEqual([]);
        expect(fieldDiff(before, after).length === 0).toBe(canonicalJson(before) === canonicalJson(after));
      }),
    );
  });

  it('names each place once, in the order of paths, and the same way round when turned', () => {
    fc.assert(
      fc.property(content, content, (before, after) => {
        const changes = fieldDiff(before, after);
        const paths = changes.map(({ path }) => path);
        expect(paths).toEqual([...new Set(paths)].sort());
        expect(fieldDiff(after, before)).toEqual(
          changes.map(({ path, before, after }) => ({ path, before: after, after: before })),
        );
      }),
    );
  });
});

describe('the field of a change', () => {
  it.each<[path: string, field: string]>([
    ['status', 'status'],
    ['dosageInstruction[0].text', 'dosageInstruction'],
    ['a.b.c', 'a'],
    ['_status.extension[0]', '_status'],
    ['["status.x"]', ''],
    ['["status"].x', ''],
    ['', ''],
  ])('%s is in %j', (path, field) => {
    expect(fieldOf({ path })).toBe(field);
  });
});

describe('JSON of an EHR', () => {
  it.each<[what: string, faithful: boolean, text: string]>([
    ['a record', true, JSON.stringify(medication)],
    ['a decimal', true, '{"a":[0.1,-1e-7,120.75]}'],
    ['the largest whole number that keeps its digits', true, '{"a":9007199254740991}'],
    ['one that lost a digit', false, '{"a":9007199254740993}'],
    ['one beyond all numbers', false, '{"a":1e999}'],
    ['letters beyond the first plane', true, '{"a":"\\ud83d\\udc8a"}'],
    ['half of such a letter', false, '{"a":["\\ud83d"]}'],
    ['half of one in a name', false, '{"\\udc8a":1}'],
    ['a prototype', false, '{"__proto__":{}}'],
    ['a prototype deep inside', false, '{"a":[{"b":{"__proto__":null}}]}'],
    ['other names that the language knows', true, '{"constructor":{"prototype":1},"toJSON":"x"}'],
    ['sixty levels', true, `${'['.repeat(60)}${']'.repeat(60)}`],
    ['a bottomless pit', false, `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ])('is faithful for %s: %s', (_what, faithful, text) => {
    expect(isFaithful(JSON.parse(text))).toBe(faithful);
  });

  it.each<[what: string, keeps: boolean, text: string]>([
    ['a record', true, JSON.stringify(medication)],
    ['a dose', true, '{"value":0.1}'],
    ['zeros at the end', true, '[1.10,2.000,0.0,120]'],
    ['powers of ten', true, '[1e3,1.5E+2,2e-7,12e0]'],
    ['seventeen digits that come back', true, '[0.30000000000000004]'],
    ['the smallest number', true, '5e-324'],
    ['a minus before nothing', true, '-0'],
    ['a tail far behind the point', false, '{"value":10.00000000000000000001}'],
    ['a fraction of eighteen digits', false, '{"value":0.300000000000000041}'],
    ['nine after nine', false, '[0.99999999999999999999]'],
    ['less than the smallest number', false, '{"value":1e-400}'],
    ['more than the largest', false, '{"value":1e400}'],
    ['a whole number that lost a digit', false, '9007199254740993'],
    ['one after another that is kept', false, '[1.5,{"a":"x","b":-1.00000000000000000001}]'],
    ['digits in a text', true, '{"10.00000000000000000001":"10.00000000000000000001"}'],
    ['digits behind a quote in a text', true, '["a\\"10.00000000000000000001","b\\\\"]'],
    ['a number behind a text that ends in a backslash', false, '["\\\\",10.00000000000000000001]'],
  ])('keeps its numbers where it has %s: %s', (_what, keeps, text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(keepsNumbers(text)).toBe(keeps);
  });

  it('keeps every number that we wrote ourselves', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(keepsNumbers(JSON.stringify(value))).toBe(true)));
  });

  it('has a canonical text and comes back from it unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        fc.pre(isFaithful(value));
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
  });

  it.each([undefined, () => 1, 1n, Symbol('x'), Number.NaN])('is not %p', (value) => {
    expect(isFaithful({ value })).toBe(false);
  });
});

describe('the change that approvers see', () => {
  const proposal = propose(orderOf('medication.update', medication, { change: dosed(halves) }));
  const besides = { patient: { name: 'Ada Quill', birthDate: '1931-02-28' } };

  it('is whose record it is and which, every change of the proposal, the version under it and the commitment to all of it', () => {
    const shown = shownChange(proposal, { ...besides, proposal: commitment });
    expect(shown).toEqual({
      patient: besides.patient,
      record: {
        name: 'Quillamine',
        coded: null,
        date: null,
        status: 'active',
        text: '1 tablet once a day',
      },
      target: 'MedicationRequest/m1',
      base: '3',
      changes: fieldDiff(medication, proposal.resource),
      proposal: commitment,
    });
    expect(shown.changes.map(({ path }) => path)).toEqual([
      'dosageInstruction[0].doseAndRate[0].doseQuantity.value',
      'dosageInstruction[0].text',
      'dosageInstruction[0].timing.repeat.frequency',
      'text',
    ]);
  });

  it('tells what others changed meanwhile, and the difference between nothing and no revision before', () => {
    const meanwhile = fieldDiff({ ...medication, status: 'on-hold', dosageInstruction: [daily] }, medication);
    expect(shownChange(proposal, { ...besides, proposal: commitment, meanwhile }).meanwhile).toEqual(meanwhile);
    expect(shownChange(proposal, { ...besides, proposal: commitment, meanwhile: [] }).meanwhile).toEqual([]);
    expect(shownChange(proposal, { ...besides, proposal: commitment })).not.toHaveProperty('meanwhile');
  });

  it('has the same bytes in whatever order the changes come, and loses none as JSON', () => {
    const turned = { ...proposal, changes: [...proposal.changes].reverse() };
    const meanwhile = [...proposal.changes].reverse();
    const shown = shownChange(turned, { ...besides, proposal: commitment, meanwhile });
    expect(canonicalJson(shown)).toBe(
      canonicalJson(shownChange(proposal, { ...besides, proposal: commitment, meanwhile: proposal.changes })),
    );
    expect(JSON.parse(canonicalJson(shown))).toEqual(shown);
    expect(turned.changes[0]?.path).toBe('text');
  });

  it('is another when any part of it is', () => {
    const texts = [
      shownChange(proposal, { ...besides, proposal: commitment }),
      shownChange(proposal, { ...besides, proposal: digest('cd'.repeat(32)) }),
      shownChange(proposal, { ...besides, proposal: commitment, meanwhile: [] }),
      shownChange(proposal, { patient: { ...besides.patient, birthDate: null }, proposal: commitment }),
      shownChange(
        { ...proposal, record: { ...proposal.record, name: 'Zephyrolol' } },
        { ...besides, proposal: commitment },
      ),
      shownChange({ ...proposal, base: '4' }, { ...besides, proposal: commitment }),
      shownChange(
        { ...proposal, target: { type: 'MedicationRequest', id: 'm2' } },
        { ...besides, proposal: commitment },
      ),
      shownChange({ ...proposal, changes: proposal.changes.slice(1) }, { ...besides, proposal: commitment }),
    ].map(canonicalJson);
    expect(new Set(texts).size).toBe(texts.length);
  });
});

const names = fc.constantFrom('a', 'b', '_a', 'a.b', 'a[0]', '["a"]', '', '__proto__', 'constructor', 'toString', '\n');
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme', maxLength: 3 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
  ),
}));
/** Content without nulls, which FHIR JSON does not have but for a place in a list. */
const content = fc.dictionary(names, tree, { maxKeys: 4 }).map((value) => fromJson(JSON.stringify(value)));

/** Reads paths by the letter, as a stranger would, and lays each change over a copy. */
function patched(before: Json, changes: readonly FieldChange[]): unknown {
  return [...changes]
    .reverse()
    .reduce<unknown>((value, { path, after }) => laid(value, stepsOf(path), after), structuredCloneOf(before));
}

function laid(value: unknown, [name, ...rest]: readonly (string | number)[], after: unknown): unknown {
  if (name === undefined) return after;
  if (typeof name === 'number') {
    const list: unknown[] = Array.isArray(value) ? [...value] : [];
    if (rest.length === 0 && after === null) return list.slice(0, name);
    // Changes are laid from the last to the first, so a place behind the end waits for those before it.
    list[name] = laid(list[name], rest, after);
    return list;
  }
  const kept = Object.entries(typeof value === 'object' && value !== null ? value : {}).filter(
    ([each]) => each !== name,
  );
  const old =
    typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
  if (rest.length === 0 && after === null) return Object.fromEntries(kept);
  return Object.fromEntries([...kept, [name, laid(old, rest, after)]]);
}

function stepsOf(path: string): (string | number)[] {
  const steps = path.matchAll(/\.?(?<name>_?[A-Za-z][A-Za-z0-9]*)|\[(?<at>\d+)\]|\[(?<quoted>"(?:[^"\\]|\\.)*")\]/g);
  return [...steps].map(({ groups = {} }) =>
    groups['at'] === undefined
      ? (groups['name'] ?? String(JSON.parse(groups['quoted'] ?? '""')))
      : Number(groups['at']),
  );
}

function structuredCloneOf(value: Json): Json {
  return fromJson(JSON.stringify(value));
}
