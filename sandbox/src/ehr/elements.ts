import type { StoredResource } from './resource.js';
import { choiceElements, resourceTypes } from './resource-types.js';

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/**
 * The resource with only the elements asked for, and marked so that nobody writes it back as if it were whole
 * (R4 §3.1.1.5.9). Mandatory elements stay.
 */
export function subset(resource: StoredResource, names: readonly string[]): StoredResource {
  const kept = new Set([
    'resourceType',
    'id',
    'meta',
    ...(resourceTypes.get(resource.resourceType)?.mandatory ?? []),
    ...names,
  ]);
  const wanted = Object.entries(resource).filter(([key]) => {
    const element = key.replace(/^_/, ''); // `_birthDate` holds the extensions of `birthDate`
    const choice = [...choiceElements].find((stem) => new RegExp(`^${stem}[A-Z]`).test(element));
    return kept.has(element) || (choice !== undefined && (kept.has(choice) || kept.has(`${choice}[]`)));
  });
  const { meta, id, resourceType } = resource;
  return {
    ...Object.fromEntries(wanted),
    resourceType,
    id,
    meta: { ...meta, tag: [...(meta.tag ?? []), subsetted] },
  };
}
