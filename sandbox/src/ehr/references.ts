/** References inside resources: found, judged, replaced. R4 §2.3.0. */
import { FhirError } from './resource.js';

const id = '[A-Za-z0-9\\-.]{1,64}';
const wellFormed = [
  new RegExp(`^[A-Z][A-Za-z]{1,40}/${id}(/_history/${id})?$`),
  new RegExp(`^#(${id})?$`),
  /^https?:\/\/[^\s]{1,2000}$/,
  /^urn:oid:[0-2](\.(0|[1-9]\d*))+$/,
];

/**
 * The same value with each reference given to `replace`. Only `reference` elements count: an identifier may look
 * like a reference and is none.
 */
export function mapReferences(node: unknown, replace: (reference: string) => string): unknown {
  if (Array.isArray(node)) return node.map((each) => mapReferences(each, replace));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === 'reference' && typeof value === 'string' ? replace(value) : mapReferences(value, replace),
    ]),
  );
}

/** Every reference in it, in order. */
export function referencesIn(node: unknown): readonly string[] {
  const found: string[] = [];
  mapReferences(node, (reference) => {
    found.push(reference);
    return reference;
  });
  return found;
}

/**
 * Their shape only: what a reference points at may lie elsewhere. A `urn:uuid:` that nothing has resolved is none, and
 * a conditional reference (`Patient?identifier=`) is not supported.
 *
 * @throws FhirError 400
 */
export function checkReferences(resource: unknown): void {
  if (referencesIn(resource).every((reference) => wellFormed.some((shape) => shape.test(reference)))) return;
  throw new FhirError(400, 'value', 'a reference is not well formed or points at nothing in this bundle');
}
