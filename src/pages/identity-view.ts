/** Whose record would change, and which one, in the EHR's own words: an id says nothing to whoever signs. */
import { element, type facts } from './element.js';
import { isObject, type JsonObject } from './json.js';

type Row = Parameters<typeof facts>[0][number];

/** None for a change that does not say it in the shape that this page knows: then it is shown as JSON with the rest. */
export function identityRows(change: unknown): readonly Row[] {
  if (!isObject(change)) return [];
  const { patient, record } = change;
  if (!isPatient(patient) || !isRecord(record)) return [];
  const { name, coded, date, status, text } = record;
  return [
    [
      'Patient',
      lines(
        patient.name ?? nameless,
        patient.birthDate === null ? 'birth date not given' : `born ${patient.birthDate}`,
      ),
    ],
    [
      'Record',
      lines(
        name ?? nameless,
        date && `${date.word} ${date.on}`,
        coded === null ? null : `coded as ${coded}`,
        status === null ? null : `status ${status}`,
        text,
      ),
    ],
  ];
}

const nameless = '(the EHR gives no name)';

/** The first is what people know it by. */
function lines(first: string, ...others: readonly (string | null)[]): HTMLElement {
  const said = others.filter((each) => each !== null);
  return element(
    'div',
    {},
    element('strong', { class: 'value' }, first),
    ...said.map((each) => element('div', { class: 'value' }, each)),
  );
}

interface Patient {
  readonly name: string | null;
  readonly birthDate: string | null;
}

interface RecordIdentity {
  readonly name: string | null;
  readonly coded: string | null;
  readonly date: { readonly word: string; readonly on: string } | null;
  readonly status: string | null;
  readonly text: string | null;
}

function isPatient(value: unknown): value is Patient {
  return isObject(value) && hasJust(value, ['name', 'birthDate']) && Object.values(value).every(isSaid);
}

function isRecord(value: unknown): value is RecordIdentity {
  if (!isObject(value) || !hasJust(value, ['name', 'coded', 'date', 'status', 'text'])) return false;
  const { date, ...said } = value;
  return isDate(date) && Object.values(said).every(isSaid);
}

function isDate(value: unknown): boolean {
  if (value === null) return true;
  if (!isObject(value) || !hasJust(value, ['word', 'on'])) return false;
  return Object.values(value).every((each) => typeof each === 'string');
}

function isSaid(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

/** With no further member: what has no place would be hidden. */
function hasJust(value: JsonObject, names: readonly string[]): boolean {
  return Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
}
