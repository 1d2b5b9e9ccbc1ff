import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Finding } from '../../../src/phi/finding.js';
import { knownValues, nothingKnown } from '../../../src/phi/known.js';
import { scan } from '../../../src/phi/scan.js';
import { scanOrWithhold, verdict } from '../../../src/phi/verdict.js';
import { readFileSync } from 'node:fs';
import { describeWithSampleData, sampleData } from '../../support/sample-data.js';

const opened = knownValues([], 'Patient/p1');
const findingsOf = (output: unknown, known = opened) => {
  const result = scan(output, known);
  return result.status === 'clean' ? [] : result.findings;
};
const pathsOf = (output: unknown) => findingsOf(output).map(({ class: kind, path }) => `${path} ${kind}`);

describe('a scan', () => {
  it.each<[what: string, output: unknown]>([
    ['nothing', null],
    ['an empty object', {}],
    ['a medication', { code: { text: 'Lisinopril 10 MG' }, active: true, count: 3 }],
    ['a code system', { system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '314076' }],
  ])('of %s is clean', (_what, output) => {
    expect(scan(output, opened)).toEqual({ status: 'clean' });
  });

  it('says where, and never what', () => {
    const output = { a: ['x', { note: 'SSN 536-22-1234' }], 'b/c': 'liz@example.org' };
    expect(findingsOf(output)).toEqual([
      { class: 'ssn', layer: 'pattern', owner: 'unknown', path: '/a/1/note', start: 4, end: 15 },
      { class: 'email', layer: 'pattern', owner: 'unknown', path: '/*', start: 0, end: 15 },
    ]);
    expect(JSON.stringify(findingsOf(output))).not.toMatch(/536|liz/);
  });

  it('reads numbers and keys too, and hides a key that is a finding', () => {
    expect(pathsOf({ phone: 5558675309 })).toEqual(['/phone phone']);
    expect(pathsOf({ 'liz@example.org': { mail: 'bo@example.org' } })).toEqual(['/* email', '/*/mail email']);
  });

  it('spares terminologies, and only their own key', () => {
    expect(pathsOf({ system: 'http://snomed.info/sct', note: 'http://snomed.info/sct' })).toEqual(['/note url']);
    expect(pathsOf({ system: 'mailto:liz@example.org' })).toEqual(['/system email']);
  });

  it.each([
    ['Patient/p1', 'opened'],
    ['see Patient/p1.', 'opened'],
    ['https://ehr.example/fhir/Patient/p1', 'opened'],
    ['Patient/p12', 'other'],
    ['Patient/p', 'other'],
    ['patient/p2', 'other'],
  ])('knows whose the reference %s is', (reference, owner) => {
    expect(findingsOf(reference).filter(({ layer }) => layer === 'reference')).toMatchObject([{ owner }]);
  });

  it('takes every reference for another’s where no record was opened', () => {
    expect(findingsOf('Patient/p1', nothingKnown)).toMatchObject([{ owner: 'other' }]);
  });

  it('goes as deep as JSON does', () => {
    let deep: unknown = 'SSN 536-22-1234';
    for (let level = 0; level < 10_000; level++) deep = [deep];
    expect(findingsOf(deep)).toHaveLength(1);
  });

  it('takes an answer of more values than a call takes arguments', () => {
    expect(
      scan(
        Array.from({ length: 200_000 }, () => 7),
        opened,
      ).status,
    ).toBe('clean');
    expect(findingsOf('536-22-1234 '.repeat(150_000)).length).toBe(150_000);
  });

  it.each([
    ['a function', () => 1],
    ['a bigint', 5n],
    ['a symbol', Symbol('x')],
  ])('refuses %s', (_what, output) => {
    expect(() => scan({ output }, opened)).toThrow(TypeError);
  });

  it('ends on a value that contains itself', () => {
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    expect(() => scan(endless, opened)).toThrow(RangeError);
  });

  it('stays within the text that it was given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', ' 536-22-1234', ' 5/4/1980', ' ａ@b.c'),
        (text, planted) => {
          const whole = `${text}${planted}`;
          for (const { start, end } of findingsOf(whole)) {
            expect(start).toBeGreaterThanOrEqual(0);
            expect(end).toBeGreaterThan(start);
            expect(end).toBeLessThanOrEqual(whole.length);
          }
        },
      ),
    );
  });
});

const finding = (more: Partial<Finding>): Finding => ({
  class: 'date',
  layer: 'pattern',
  owner: 'unknown',
  path: '',
  start: 0,
  end: 1,
  ...more,
});

describe('a verdict', () => {
  it.each<
    [
      promise: string,
      findings: Finding[],
      destination: 'treatment' | 'external' | 'deidentified',
      opened: boolean,
      expected: string,
    ]
  >([
    ['releases what is clean to anybody', [], 'external', false, 'release'],
    [
      'releases the opened patient’s PHI to the treating team',
      [finding({ class: 'name', owner: 'opened' }), finding({ class: 'ssn' })],
      'treatment',
      true,
      'release',
    ],
    [
      'withholds another patient’s from the treating team',
      [finding({ owner: 'opened' }), finding({ class: 'name', owner: 'other' })],
      'treatment',
      true,
      'withhold',
    ],
    ['withholds the opened patient’s from outside', [finding({ owner: 'opened' })], 'external', true, 'withhold'],
    ['withholds a date from the de-identified', [finding({})], 'deidentified', true, 'withhold'],
    [
      'releases a clinic’s phone where no record was opened',
      [finding({ class: 'phone' }), finding({ class: 'address' })],
      'treatment',
      false,
      'release',
    ],
    ['withholds an SSN where no record was opened', [finding({ class: 'ssn' })], 'treatment', false, 'withhold'],
    ['withholds an MRN where no record was opened', [finding({ class: 'mrn' })], 'treatment', false, 'withhold'],
  ])('%s', (_promise, findings, destination, opened, expected) => {
    expect(verdict(findings, { destination, opened })).toBe(expected);
  });

  it('withholds from a destination that nobody knows', () => {
    // Callers are typed; a stored row may not be.
    expect(verdict([finding({ owner: 'opened' })], { destination: 'Treatment' as 'treatment', opened: true })).toBe(
      'withhold',
    );
  });

  it('is the stricter the more is found', () => {
    const anyFinding = fc.record({
      class: fc.constantFrom<Finding['class'][]>('date', 'name', 'ssn', 'phone'),
      owner: fc.constantFrom<Finding['owner'][]>('opened', 'other', 'unknown'),
    });
    fc.assert(
      fc.property(
        fc.array(anyFinding),
        anyFinding,
        fc.constantFrom('treatment', 'external', 'deidentified'),
        fc.boolean(),
        (some, one, destination, opened) => {
          const all = some.map(finding);
          const [before, after] = [all, [...all, finding(one)]].map((some) => verdict(some, { destination, opened }));
          expect([before, after]).not.toEqual(['withhold', 'release']);
        },
      ),
    );
  });
});

describe('a scanner that fails', () => {
  it('withholds', () => {
    const failing = { known: () => opened, destination: 'treatment' as const };
    expect(scanOrWithhold({ odd: () => 1 }, failing)).toEqual({
      status: 'withhold',
      because: 'scanner_failed',
      findings: [],
    });
  });

  it('withholds when the known values cannot be told', () => {
    const known = () => {
      throw new Error('no');
    };
    expect(scanOrWithhold('clean', { known, destination: 'treatment' })).toMatchObject({ because: 'scanner_failed' });
  });
});

describeWithSampleData('an answer about a synthetic patient', 'fhir', () => {
  interface Resource {
    readonly resourceType: string;
    readonly id: string;
    readonly subject?: { readonly reference: string };
  }
  /** Her record, with references as a server gives them. */
  const record = (file: string): Resource[] => {
    const text = readFileSync(sampleData('fhir', file), 'utf8');
    const { entry }: { entry: { resource: Resource }[] } = JSON.parse(text);
    const patient = entry.find(({ resource }) => resource.resourceType === 'Patient')?.resource.id ?? '';
    return entry.map(({ resource }) =>
      resource.subject ? { ...resource, subject: { reference: `Patient/${patient}` } } : resource,
    );
  };
  const of = (resources: Resource[], type: string) => resources.filter(({ resourceType }) => resourceType === type);
  const liz = record('Liz_Conn.json');
  const reference = `Patient/${of(liz, 'Patient')[0]?.id ?? ''}`;
  const ned = record('Ned_Hintz.json');
  const known = () => knownValues([...liz, ...of(ned, 'Patient')], reference);
  const medications = of(liz, 'MedicationRequest');

  it('goes to her treating team', () => {
    expect(medications.length).toBeGreaterThan(0);
    expect(scanOrWithhold({ medications }, { known, destination: 'treatment' }).status).toBe('release');
    expect(scanOrWithhold(of(liz, 'Patient'), { known, destination: 'treatment' }).status).toBe('release');
  });

  it.each<['external' | 'deidentified']>([['external'], ['deidentified']])('does not go to %s', (destination) => {
    expect(scanOrWithhold({ medications }, { known, destination }).status).toBe('withhold');
  });

  it('does not go anywhere with another patient in it', () => {
    const other = of(ned, 'MedicationRequest').slice(0, 1);
    expect(other).toHaveLength(1);
    expect(scanOrWithhold([...medications, ...other], { known, destination: 'treatment' }).status).toBe('withhold');
    expect(scanOrWithhold([...medications, ...of(ned, 'Patient')], { known, destination: 'treatment' }).status).toBe(
      'withhold',
    );
  });
});
