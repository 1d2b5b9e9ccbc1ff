/** Turns a change in domain terms into the whole resource as it would be written. Nothing else of the base moves. */
import { Refusal } from '../action/refusal.js';
import {
  adminChange,
  documentChange,
  medicationChange,
  recordDeletion,
  type AdminChange,
  type DocumentChange,
  type MedicationChange,
} from './change.js';
import type { Resource } from './bundle.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The base with the change laid over it; `undefined` in the answer of a type means "take the field away".
 *
 * @throws Refusal `write.change_shape` for a change of another shape or with unknown fields, `write.not_applicable` for
 *   one that does not fit this base.
 */
export function applyChange(actionType: string, base: Resource, change: unknown): Fields {
  const fields = changedFields(actionType, base, change);
  const extended = Object.keys(fields).find((name) => Object.hasOwn(base, `_${name}`));
  if (extended !== undefined) throw notApplicable('A field to change carries an extension that would be left behind.');
  const merged = { ...base, ...fields, ...narrative(base) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

function changedFields(actionType: string, base: Resource, change: unknown): Fields {
  switch (actionType) {
    case 'medication.update':
      return medication(base, shaped(medicationChange.safeParse(change)));
    case 'document.update':
      return document(shaped(documentChange.safeParse(change)));
    case 'admin.update':
      return admin(shaped(adminChange.safeParse(change)));
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

function medication(base: Resource, { status, dosageInstruction, note }: MedicationChange): Fields {
  return {
    ...(status !== undefined && { status }),
    ...(dosageInstruction && { dosageInstruction: instructions(listOf(base, 'dosageInstruction'), dosageInstruction) }),
    ...(note && { note: [...listOf(base, 'note'), note] }),
  };
}

type InstructionChange = NonNullable<MedicationChange['dosageInstruction']>[number];

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

/** Text and structure say the same dose twice: where both are there, one is never changed without the other. */
function instruction(before: Fields, change: Omit<InstructionChange, 'at'>): Fields {
  const structured = ['timing', 'doseAndRate'];
  const had = (name: string): boolean => Object.hasOwn(before, name);
  const structureChanges = structured.some((name) => Object.hasOwn(change, name));
  if (structureChanges && had('text') && !Object.hasOwn(change, 'text'))
    throw notApplicable('Timing or dose would change and the text of the instruction would not.');
  if (Object.hasOwn(change, 'text') && structured.some(had) && !structureChanges)
    throw notApplicable('The text of the instruction would change and its timing and dose would not.');
  const kept = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined);
  if (kept.length === 0) throw notApplicable('Nothing of the instruction would be left.');
  return Object.fromEntries(kept);
}

function document({ status, description, content }: DocumentChange): Fields {
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

function admin({ telecom, address }: AdminChange): Fields {
  return { ...(telecom && { telecom }), ...(address && { address }) };
}

/** FHIR R4 ait-1, ait-2 and con-5: what was entered in error has no clinical status. */
function deletion({ resourceType }: Resource): Fields {
  const verified = verificationSystems.get(resourceType);
  if (verified === undefined) return { status: 'entered-in-error' };
  return {
    clinicalStatus: undefined,
    verificationStatus: { coding: [{ system: verified, code: 'entered-in-error' }] },
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
  if (['generated', 'extensions'].includes(String(asObject(text)['status']))) return { text: undefined };
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
