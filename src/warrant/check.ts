/**
 * The closed world of a warrant: a call is made only if every part of it is named. A pure judgement on one call;
 * whether the warrant still holds at this instant, the database says.
 */
import { z } from 'zod';
import { digestSchema, type Digest } from '../action/ids.js';
import { Refusal, type RefusalCode } from '../action/refusal.js';
import { encounterRef, patientRef } from '../action/define-action.js';
import type { ElementReading, Search } from '../ehr/reading.js';
import type { Leave } from './leave.js';

/** A FHIR reference with the pseudonym that the gateway computed for it, which the warrant must name. */
export const subjectSchema = <R extends z.ZodType<string>>(reference: R) =>
  z.strictObject({ reference, pseudonym: digestSchema });

const callSchema = z.strictObject({
  action: z.string(),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  /** FHIR base URL. */
  location: z.string(),
  type: z.string(),
  element: z.string(),
  patient: subjectSchema(patientRef).nullable(),
  episode: subjectSchema(encounterRef).nullable(),
  /** Search parameters. */
  args: z.record(z.string(), z.string()),
  /** Resources that one answer may bring (`_count`). */
  count: z.int().min(1),
  /** Bytes that one answer may have. */
  bytes: z.int().min(1),
});
/** One call to the EHR, whole: what is not in here cannot be sent. */
export type EhrCall = Readonly<z.infer<typeof callSchema>>;

/**
 * Lets the call pass.
 *
 * @param elements the readings of the pinned rulebook, by name.
 * @throws Refusal with the first part that the warrant does not name: `.argument` for a call that has other parts than
 *   these or a value of the wrong kind, `.other_action`, `.other_location`, `.other_patient`, `.other_episode`,
 *   `.other_element`.
 */
export function checkCall(leave: Leave, elements: ReadonlyMap<string, ElementReading>, input: unknown): EhrCall {
  const parsed = callSchema.safeParse(input);
  if (!parsed.success) throw refusal('warrant.argument');
  const call = parsed.data;
  const problem = firstProblem(leave, elements.get(call.element), call);
  if (problem) throw refusal(problem);
  return call;
}

function firstProblem(leave: Leave, element: ElementReading | undefined, call: EhrCall): RefusalCode | undefined {
  if (!leave.actions.includes(call.action)) return 'warrant.other_action';
  if (methodOf.get(call.action) !== call.method) return 'warrant.other_action';
  if (leave.readOnly && call.method !== 'GET') return 'warrant.other_action';
  if (call.location !== leave.location) return 'warrant.other_location';
  if (!sameSubject(leave.patient, call.patient)) return 'warrant.other_patient';
  if (!sameSubject(leave.episode, call.episode)) return 'warrant.other_episode';
  if (!element || !leave.elements.includes(element.name)) return 'warrant.other_element';
  if (!leave.datatypes.includes(call.type)) return 'warrant.other_element';
  if (call.count > leave.maxRecords || call.bytes > leave.maxBytes) return 'warrant.argument';
  if (!element.searches.some((search) => isSearch(search, call, leave.since))) return 'warrant.argument';
  return undefined;
}

/** The one method by which each action works. Reads come first; an action that is not here can do nothing. */
const methodOf: ReadonlyMap<string, EhrCall['method']> = new Map([['ehr.read', 'GET']]);

/** Whether the call is about whom the warrant names; nobody, if it names nobody. */
export function sameSubject(named: Digest | null, called: { readonly pseudonym: Digest } | null): boolean {
  return named === (called === null ? null : called.pseudonym);
}

/** The same parameters with the same values: none left out, none added. */
function isSearch(search: Search, call: EhrCall, since: Leave['since']): boolean {
  const { type } = search;
  const expected = argumentsOf(search, call, since[call.element]);
  if (type !== call.type || expected === undefined) return false;
  const names = Object.keys(call.args);
  return (
    names.length === Object.keys(expected).length &&
    names.every((name) => Object.hasOwn(expected, name) && expected[name] === call.args[name])
  );
}

/**
 * Fills the subject and the bound by date into a search's parameters; undefined when the search needs a subject that is
 * not there, or is to be bounded and has no date.
 */
export function argumentsOf(
  { params, date }: Pick<Search, 'params' | 'date'>,
  { patient, episode }: Pick<EhrCall, 'patient' | 'episode'>,
  since?: string,
): Record<string, string> | undefined {
  if (since !== undefined && date === undefined) return undefined;
  const filled: [string, string][] = [];
  for (const [name, value] of Object.entries(params)) {
    const subject = value === '{patient}' ? patient?.reference : value === '{episode}' ? episode?.reference : value;
    if (subject === undefined || /[{}]/.test(subject)) return undefined;
    filled.push([name, name === '_id' ? idOf(subject) : subject]);
  }
  if (since !== undefined && date !== undefined) filled.push([date.param, `ge${since}`]);
  return Object.fromEntries(filled);
}

function idOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

function refusal(code: RefusalCode): Refusal {
  return new Refusal(code, 'The call is not one that the warrant names.');
}
