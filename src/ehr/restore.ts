/** Roll-back: what an earlier version said in the fields of some elements is asked for again, as an ordinary change. */
import { z } from 'zod';
import { canonicalJson } from '../action/canonical.js';
import { Refusal } from '../action/refusal.js';
import type { Resource } from './bundle.js';
import { documentStatus, medicationStatus, restoration } from './change.js';
import { versionOf } from './meta.js';

/** The version to go back to. */
export interface Earlier {
  /** As the EHR gave it by vread, whole. */
  readonly resource: Resource;
  /** Top-level fields that the request's elements allow; no other is taken. */
  readonly fields: readonly string[];
}

/**
 * Action types that can restore, with the status that may come back: one that the same type may set. Else going back to a
 * version that was entered in error would delete a record without what a deletion asks for.
 */
const restorable: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['medication.update', medicationStatus],
  ['document.update', documentStatus],
  ['admin.update', z.undefined()],
]);

/**
 * The fields that differ, as the earlier version had them; undefined for one that it lacks. The narrative is no part of
 * it: it tells the whole of a version.
 *
 * @throws Refusal `write.change_shape` for a change that restores nothing, `write.not_applicable` for a version that is
 *   not the named one, is the base itself or is of another resource, and for fields that cannot be taken over.
 */
export function restoredFields(
  actionType: string,
  base: Resource,
  { change, earlier: { resource, fields } }: { readonly change: unknown; readonly earlier: Earlier },
): Readonly<Record<string, unknown>> {
  const statuses = restorable.get(actionType);
  const asked = restoration.safeParse(change);
  if (!statuses || !asked.success) throw new Refusal('write.change_shape', 'This change goes back to no version.');
  const version = versionOf(resource);
  if (resource.resourceType !== base.resourceType || resource.id !== base.id)
    throw notApplicable('The version to restore is of another resource.');
  if (version !== asked.data.restore.version || version === versionOf(base))
    throw notApplicable('The version to restore is not an earlier one that the change names.');
  const restored = fields.filter((name) => name !== 'text' && !sameField(name, base, resource));
  if (restored.includes('status') && !statuses.safeParse(resource['status']).success)
    throw notApplicable('This action type may not set the status of the version to restore.');
  if (restored.some((name) => Object.hasOwn(resource, `_${name}`)))
    throw notApplicable('A field to restore carries an extension that would be lost.');
  return Object.fromEntries(restored.map((name) => [name, resource[name]]));
}

/** With the extensions that FHIR JSON keeps beside a primitive. */
function sameField(name: string, a: Resource, b: Resource): boolean {
  const whole = (resource: Resource) => canonicalJson([resource[name] ?? null, resource[`_${name}`] ?? null]);
  return whole(a) === whole(b);
}

function notApplicable(message: string): Refusal {
  return new Refusal('write.not_applicable', message);
}
