/** References and other links inside resources: found, judged, replaced. R4 §2.3.0. */
import { FhirError } from './resource.js';

const id = '[A-Za-z0-9\\-.]{1,64}';
const wellFormed = [
  new RegExp(`^[A-Z][A-Za-z]{1,40}/${id}(/_history/${id})?$`),
  new RegExp(`^#(${id})?$`),
  /^https?:\/\/[^\s]{1,2000}$/,
  /^urn:oid:[0-2](\.(0|[1-9]\d*))+$/,
];

type Replace = (text: string) => string;

/**
 * Where R4 §3.1.0.11.2 has links replaced: elements of type Reference, uri, url, oid and uuid. JSON has no types, so they
 * are told by name. An identifier may look like a link and is none; links in narratives are left alone.
 */
const linkElements: ReadonlySet<string> = new Set([
  'reference',
  'instantiatesUri',
  'policy',
  'source',
  'url',
  'valueOid',
  'valueUri',
  'valueUrl',
  'valueUuid',
]);

/** The same value with each link that may point at another entry of a transaction given to `replace`. */
export function mapLinks(node: unknown, replace: Replace): unknown {
  return mapTexts(node, linkElements, replace);
}

/** Every reference in it, in order. */
export function referencesIn(node: unknown): readonly string[] {
  const found: string[] = [];
  mapTexts(node, new Set(['reference']), (reference) => {
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

function mapTexts(node: unknown, names: ReadonlySet<string>, replace: Replace): unknown {
  const walk = (each: unknown, name: string): unknown => {
    if (typeof each === 'string') return names.has(name) ? replace(each) : each;
    if (Array.isArray(each)) return each.map((member) => walk(member, name));
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, value]) => [key, walk(value, key)]));
  };
  return walk(node, '');
}
