/** `npm run bench -- phi`: scanning what a read brought, 2 kB and 1 MB. */
import { knownValues } from '../src/phi/known.js';
import { scan } from '../src/phi/scan.js';
import { print, rounded, spread, type Figure } from './figures.js';

/** One opened record and twenty others that came along: what a gateway knows while it scans. */
const people = Array.from({ length: 21 }, (_, at) => ({
  resourceType: 'Patient',
  id: `p${at}`,
  name: [{ family: `Quill${'abcdefghijklmnopqrstu'[at]}`, given: ['Robin', 'Alex'] }],
  birthDate: `19${40 + at}-0${1 + (at % 9)}-1${at % 10}`,
  identifier: [{ value: `MRN-${48_000 + at}` }],
  telecom: [{ system: 'phone', value: `+1 555 01${10 + at} 200` }],
  address: [{ line: [`${100 + at} Larch Street`] }],
}));
const known = knownValues(people, 'Patient/p0');

/** A medication as projection leaves it, about 0.4 kB; every tenth names its patient. */
const medication = (at: number) => ({
  resourceType: 'MedicationRequest',
  id: `m${at}`,
  status: 'active',
  medicationCodeableConcept: {
    coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: String(300_000 + at) }],
    text: 'Lisinopril 10 MG Oral Tablet',
  },
  authoredOn: '2026-03-04',
  dosageInstruction: [
    { text: `Take one tablet by mouth once daily with water${at % 10 === 9 ? ', Robin Quilla' : ''}` },
  ],
});

const sized = (bytes: number): readonly unknown[] => {
  const one = JSON.stringify(medication(0)).length + 1;
  return Array.from({ length: Math.ceil(bytes / one) }, (_, at) => medication(at));
};

print([figure(2_000, 500, 'goal: p50 < 5 ms'), figure(1_000_000, 7, 'goal: p50 < 1000 ms')]);

function figure(bytes: number, rounds: number, note: string): Figure {
  const output = sized(bytes);
  const times: number[] = [];
  for (let round = -Math.ceil(rounds / 5); round < rounds; round++) {
    const started = performance.now();
    scan(output, known);
    if (round >= 0) times.push(performance.now() - started);
  }
  const kilobytes = rounded(JSON.stringify(output).length / 1000);
  return { bench: 'phi', case: `${kilobytes} kB, ${known.values.length} known values`, ...spread(times), note };
}
