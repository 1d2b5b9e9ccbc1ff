/** Values of records that an action opened, or that came along: found however they are written. */
import { z } from 'zod';
import type { PhiClass, Span } from './finding.js';
import { compact, fold, isWordUnit, type Compact, type Folded } from './normalise.js';

type Owner = 'opened' | 'other';

interface KnownValue {
  readonly class: PhiClass;
  readonly owner: Owner;
  /** Folded, letters and digits only. */
  readonly form: string;
  /** Its parts, one space between: short numeric dates count only where something stands between their parts. */
  readonly parts?: string;
}

export interface KnownValues {
  /** Reference of the patient whose record was opened, `Patient/<id>`; absent when the action names none. */
  readonly opened: string | undefined;
  readonly values: readonly KnownValue[];
}

/** For an action that opened no record. */
export const nothingKnown: KnownValues = { opened: undefined, values: [] };

/**
 * Takes the values out of FHIR resources: of Patients and RelatedPersons at any depth, and names beside references to
 * patients. What belongs to anybody but `opened` is another's. What is no FHIR adds nothing.
 */
export function knownValues(resources: readonly unknown[], opened?: string): KnownValues {
  const values = objectsIn(resources).flatMap((value) => [...ofPerson(value, opened), ...ofSubject(value, opened)]);
  const mine = new Set(values.filter(({ owner }) => owner === 'opened').map(({ form }) => form));
  const unique = new Map(
    values
      .filter(({ owner, form }) => owner === 'opened' || !mine.has(form)) // a shared phone is no sign of the other
      .map((value) => [`${value.owner} ${value.class} ${value.form}`, value]),
  );
  return { opened, values: [...unique.values()] };
}

/** Where known values stand in one text. */
export function findKnown({ values }: KnownValues, folded: Folded): Span[] {
  if (values.length === 0) return [];
  const letters = compact(folded.text);
  return values.flatMap((value) => occurrences(value, letters, folded));
}

function occurrences({ form, parts, owner, ...value }: KnownValue, letters: Compact, folded: Folded): Span[] {
  const found: Span[] = [];
  for (let at = letters.text.indexOf(form); at !== -1; at = letters.text.indexOf(form, at + 1)) {
    const first = letters.at(at);
    const last = letters.at(at + form.length - 1);
    const whole = !isWordUnit(folded.text[first - 1]) && !isWordUnit(folded.text[last + 1]);
    if (whole && (parts === undefined || partsOf(folded.text.slice(first, last + 1)) === parts))
      found.push({ class: value.class, layer: 'known', owner, start: folded.start(first), end: folded.end(last) });
  }
  return found;
}

const text = z.string().optional().catch(undefined);
const texts = z.array(z.string()).catch([]);
const list = <T extends z.ZodType>(item: T) => z.array(item.nullable().catch(null)).catch([]);

const personShape = z.object({
  resourceType: z.enum(['Patient', 'RelatedPerson', 'Person']),
  id: text,
  patient: z.object({ reference: text }).optional().catch(undefined),
  name: list(z.object({ family: text, given: texts, text })),
  birthDate: text,
  identifier: list(z.object({ value: text })),
  telecom: list(z.object({ system: text, value: text })),
  address: list(z.object({ line: texts })),
});

const subjectShape = z.object({ reference: z.string(), display: z.string() });
const subjectKeys = ['subject', 'patient', 'beneficiary', 'individual', 'actor', 'for'] as const;

function ofPerson(value: object, opened: string | undefined): KnownValue[] {
  const parsed = personShape.safeParse(value);
  if (!parsed.success) return [];
  const person = parsed.data;
  const reference = person.resourceType === 'Patient' ? `Patient/${person.id ?? ''}` : person.patient?.reference;
  const owner = ownerOf(reference, opened);
  const known = (kind: PhiClass, forms: readonly string[], shortest: number): KnownValue[] =>
    forms.map(lettersOf).flatMap((form) => (form.length >= shortest ? { class: kind, owner, form } : []));
  return [
    ...person.name.flatMap((name) => (name === null ? [] : known('name', nameForms(name, owner), 4))),
    ...birthDateForms(person.birthDate).map((date): KnownValue => dateValue(date, owner)),
    ...person.identifier.flatMap((identifier) => known('identifier', [identifier?.value ?? ''], 4)),
    ...person.telecom.flatMap((contact) =>
      contact?.system === 'email'
        ? known('email', [contact.value ?? ''], 6)
        : known('phone', phoneForms(contact?.value), 7),
    ),
    ...person.address.flatMap((address) => known('address', address?.line ?? [], 6)),
  ];
}

function ofSubject(value: object, opened: string | undefined): KnownValue[] {
  return subjectKeys.flatMap((key) => {
    const parsed = subjectShape.safeParse(Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined);
    if (!parsed.success || !isPatientReference(parsed.data.reference)) return [];
    const form = lettersOf(parsed.data.display);
    if (form.length < 4) return [];
    return { class: 'name' as const, owner: ownerOf(parsed.data.reference, opened), form };
  });
}

function isPatientReference(reference: string): boolean {
  return /(^|\/)Patient\/[A-Za-z0-9.-]{1,64}(\/_history\/[A-Za-z0-9.-]+)?$/.test(reference);
}

function ownerOf(reference: string | undefined, opened: string | undefined): Owner {
  return reference !== undefined && opened !== undefined && `/${reference}`.endsWith(`/${opened}`) ? 'opened' : 'other';
}

/**
 * Given and family name in both orders. A family name alone counts for the opened patient only: others share theirs
 * with drugs, doctors and the patient.
 */
function nameForms(name: { family?: string | undefined; given: string[]; text?: string | undefined }, owner: Owner) {
  const { family = '', given, text: whole = '' } = name;
  const [first = ''] = given;
  const both = family && first ? [`${first} ${family}`, `${family} ${first}`, `${given.join(' ')} ${family}`] : [];
  const alone = owner === 'opened' ? [family] : [];
  return [...both, ...(whole.includes(' ') ? [whole] : []), ...alone];
}

/** National digits with and without the country code 1. */
function phoneForms(phone: string | undefined): string[] {
  const digits = (phone ?? '').replace(/\D/g, '');
  const national = digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : digits;
  return [national, `1${national}`];
}

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** The ways in which people write a date: 1980-05-04, 5/4/1980, 4.5.80, May 4th, 1980, 4 May 1980. */
function birthDateForms(date: string | undefined): string[] {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date ?? '') ?? [];
  if (year === undefined || month === undefined || day === undefined) return [];
  const [m, d] = [String(Number(month)), String(Number(day))];
  const name = months[Number(month) - 1] ?? '';
  const ordinal = `${d}${ordinalEnding(Number(day))}`;
  const numeric = [year, year.slice(2)].flatMap((y) => [
    `${month}/${day}/${y}`,
    `${day}/${month}/${y}`,
    `${m}/${d}/${y}`,
    `${d}/${m}/${y}`,
  ]);
  const spoken = [name, name.slice(0, 3)].flatMap((word) =>
    [d, day, ordinal].flatMap((on) => [`${word} ${on} ${year}`, `${on} ${word} ${year}`, `${on} of ${word} ${year}`]),
  );
  return [`${year}-${month}-${day}`, ...numeric, ...spoken];
}

function ordinalEnding(day: number): string {
  const ending = day > 10 && day < 14 ? undefined : ['st', 'nd', 'rd'][(day % 10) - 1];
  return ending ?? 'th';
}

/** Eight digits in a row may be a date of birth; `5480` is not 5/4/80. */
function dateValue(date: string, owner: Owner): KnownValue {
  const form = lettersOf(date);
  return { class: 'date', owner, form, ...(form.length < 8 && { parts: partsOf(date) }) };
}

function partsOf(folded: string): string {
  return folded.replaceAll(/[^\p{L}\p{N}]+/gu, ' ');
}

function lettersOf(value: string): string {
  return compact(fold(value).text).text;
}

/** Every object at any depth, without recursion: a resource may be nested deeper than the stack. */
function objectsIn(resources: readonly unknown[]): object[] {
  const found: object[] = [];
  const open: unknown[] = [...resources];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) found.push(value);
    if (found.length > 1_000_000) throw new RangeError('more objects than a scan takes');
    for (const inner of Object.values(value)) open.push(inner);
  }
  return found;
}
