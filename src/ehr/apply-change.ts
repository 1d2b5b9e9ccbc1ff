/** Turns a change in domain terms into the whole resource as it would be written. Nothing else of the base moves. */
import { canonicalJson } from '../action/canonical.js';
import { Refusal } from '../action/refusal.js';
import type { Resource } from './bundle.js';
import {
  adminFields,
  documentFields,
  medicationFields,
  recordDeletion,
  type AdminFields,
  type DocumentFields,
  type MedicationFields,
} from './change.js';
import { restoredFields, type Earlier } from './restore.js';
import { abatements } from './write-elements.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The base with the change laid over it; `undefined` in the answer of a type means "take the field away". A roll-back, and
 * nothing else, comes with the version to go back to.
 *
 * @throws Refusal `write.change_shape` for a change of another shape or with unknown fields, `write.not_applicable` for
 *   one that does not fit this base.
 */
export function applyChange(actionType: string, base: Resource, change: unknown, earlier?: Earlier): Fields {
  const fields = earlier
    ? restoredFields(actionType, base, { change, earlier })
    : changedFields(actionType, base, change);
  const extended = Object.keys(fields).find((name) => Object.hasOwn(base, `_${name}`));
  if (extended !== undefined) throw notApplicable('A field to change carries an extension that would be left behind.');
  const merged = { ...base, ...fields, ...narrative(base) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

function changedFields(actionType: string, base: Resource, change: unknown): Fields {
  switch (actionType) {
    case 'medication.update':
      return medication(inUse(base), shaped(medicationFields.safeParse(change)));
    case 'document.update':
      inUse(base);
      return document(shaped(documentFields.safeParse(change)));
    case 'admin.update':
      return admin(shaped(adminFields.safeParse(change)));
    case 'record.delete':
      shaped(recordDeletion.safeParse(change));
      return deletion(base);
    default:
      throw new Refusal('write.change_shape', 'This action type writes nothing.');
  }
}

function shaped<T>(parsed: { readonly success: true; readonly data: T } | { readonly success: false }): T {
  if (!parsed.success) throw new Refusal('write.change_shape', 'The change has fields or values that it may not have.');
  return parsed.data;
}

/** What was entered in error comes back as a whole, by a roll-back that says so, and not by the way. */
function inUse(base: Resource): Resource {
  if (base['status'] === 'entered-in-error') throw notApplicable('The record was entered in error.');
  return base;
}

function medication(base: Resource, { status, dosageInstruction, note }: MedicationFields): Fields {
  return {
    ...(status !== undefined && { status }),
    ...(dosageInstruction && { dosageInstruction: instructions(listOf(base, 'dosageInstruction'), dosageInstruction) }),
    ...(note && { note: [...listOf(base, 'note'), note] }),
  };
}

type InstructionChange = NonNullable<MedicationFields['dosageInstruction']>[number];

function instructions(before: readonly unknown[], changes: readonly InstructionChange[]): readonly unknown[] {
  if (new Set(changes.map(({ at }) => at)).size < changes.length)
    throw notApplicable('An instruction is changed twice.');
  const after = [...before];
  for (const { at, ...change } of [...changes].sort((a, b) => a.at - b.at)) {
    if (at > after.length) throw notApplicable('There is no instruction at this place.');
    after[at] = instruction(asObject(after[at] ?? {}), change);
  }
  return after;
}

/** Each of these says the dose: what is there is never changed without the others that are there. */
const tellings = [['text'], ['patientInstruction'], ['timing', 'doseAndRate']] as const;

function instruction(before: Fields, change: Omit<InstructionChange, 'at'>): Fields {
  const asked: Fields = { ...change };
  const changes = (name: string): boolean =>
    Object.hasOwn(asked, name) && canonicalJson(asked[name]) !== canonicalJson(before[name] ?? null);
  const told = tellings.filter((names) => names.some((name) => Object.hasOwn(before, name)));
  if (tellings.some((names) => names.some(changes)) && !told.every((names) => names.some(changes)))
    throw notApplicable('Text, instruction to the patient, timing and dose would no longer say the same.');
  if (Object.keys(asked).some((name) => Object.hasOwn(before, `_${name}`)))
    throw notApplicable('A field to change carries an extension that would be left behind.');
  const kept = Object.entries({ ...before, ...asked }).filter(([, value]) => value !== null);
  if (kept.length === 0) throw notApplicable('Nothing of the instruction would be left.');
  return Object.fromEntries(kept);
}

function document({ status, description, content }: DocumentFields): Fields {
  return {
    ...(status !== undefined && { status }),
    ...(description !== undefined && { description }),
    ...(content && {
      content: [
        {
          attachment: {
            contentType: 'text/plain; charset=utf-8',
            data: base64(content.text),
            ...(content.title !== undefined && { title: content.title }),
          },
        },
      ],
    }),
  };
}

function admin({ telecom, address }: AdminFields): Fields {
  return { ...(telecom && { telecom }), ...(address && { address }) };
}

/**
 * FHIR R4 ait-1, ait-2 and con-5: what was entered in error has no clinical status. And con-4: a Condition without one has
 * not abated either.
 */
function deletion(base: Resource): Fields {
  const verified = verificationSystems.get(base.resourceType);
  if (verified === undefined) return { status: 'entered-in-error' };
  const abatement = abatements.filter((name) => base.resourceType === 'Condition' && Object.hasOwn(base, name));
  return {
    clinicalStatus: undefined,
    verificationStatus: { coding: [{ system: verified, code: 'entered-in-error' }] },
    ...Object.fromEntries(abatement.map((name) => [name, undefined])),
  };
}

const verificationSystems: ReadonlyMap<string, string> = new Map([
  ['AllergyIntolerance', 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification'],
  ['Condition', 'http://terminology.hl7.org/CodeSystem/condition-ver-status'],
]);

/** A narrative made from the data would contradict them afterwards; one with words of its own must not be lost. */
function narrative(base: Resource): Fields {
  const text = base['text'];
  if (text === undefined) return {};
  const { status } = asObject(text);
  if (status === 'generated' || status === 'extensions' || status === 'empty') return { text: undefined };
  throw notApplicable('The record has a narrative with words of its own, which would no longer fit.');
}

function listOf(base: Resource, name: string): readonly unknown[] {
  const value = base[name] ?? [];
  if (!Array.isArray(value)) throw notApplicable('A field of the record is no list where it must be one.');
  return value;
}

function asObject(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notApplicable('A field of the record has another shape than it must have.');
  return Object.fromEntries(Object.entries(value));
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

function notApplicable(message: string): Refusal {
  return new Refusal('write.not_applicable', message);
}
