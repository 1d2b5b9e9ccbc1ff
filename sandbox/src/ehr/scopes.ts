/** SMART v2 system scopes, with their granular form `system/Observation.rs?category=laboratory`. */
import { FhirError, type Resource } from './resource.js';
import { resourceTypes } from './resource-types.js';
import { planCondition, planSearch } from './search.js';

export type Interaction = 'c' | 'r' | 'u' | 's';

export interface Scope {
  readonly text: string;
  /** `*` is every type. */
  readonly type: string;
  readonly interactions: string;
  /** A search filter: only what it matches is covered. Empty is everything. */
  readonly filter: URLSearchParams;
}

/** undefined for what is no system scope of this server; nothing is guessed or narrowed. */
export function parseScope(text: string): Scope | undefined {
  const [, type, interactions, filter] = /^system\/(\*|[A-Z][A-Za-z]+)\.(c?r?u?d?s?)(?:\?(.+))?$/.exec(text) ?? [];
  if (type === undefined || !interactions) return undefined;
  if (type === '*')
    return filter === undefined ? { text, type, interactions, filter: new URLSearchParams() } : undefined;
  const scope = { text, type, interactions, filter: new URLSearchParams(filter) };
  return resourceTypes.has(type) && canSearch(type, scope.filter) ? scope : undefined;
}

/** Is everything that `asked` allows allowed by `granted` too? */
export function covers(granted: Scope, asked: Scope): boolean {
  return (
    (granted.type === '*' || granted.type === asked.type) &&
    [...asked.interactions].every((interaction) => granted.interactions.includes(interaction)) &&
    repeats(granted.filter, asked.filter)
  );
}

/** A search must itself carry the filter of a scope; it is not narrowed for the client. */
export function allowsSearch(scopes: readonly Scope[], type: string, query: URLSearchParams): boolean {
  return scopesFor(scopes, 's', type).some(({ filter }) => repeats(filter, query));
}

/** May a resource with this content be read, created or replaced? */
export function allowsResource(scopes: readonly Scope[], interaction: Interaction, resource: Resource): boolean {
  return scopesFor(scopes, interaction, resource.resourceType).some(({ filter }) =>
    planSearch(resource.resourceType, filter).matches(resource),
  );
}

/** May some resource of the type be touched in this way at all? */
export function allowsType(scopes: readonly Scope[], interaction: Interaction, type: string): boolean {
  return scopesFor(scopes, interaction, type).length > 0;
}

function scopesFor(scopes: readonly Scope[], interaction: Interaction, type: string): readonly Scope[] {
  return scopes.filter(
    (scope) => (scope.type === '*' || scope.type === type) && scope.interactions.includes(interaction),
  );
}

/** Every parameter of the filter is in the query, with no value that the filter lacks. */
function repeats(filter: URLSearchParams, query: URLSearchParams): boolean {
  return [...filter].every(([name, value]) => {
    const allowed = new Set(alternatives(name, value));
    return query.getAll(name).some((asked) => alternatives(name, asked).every((each) => allowed.has(each)));
  });
}

/** `Patient/1` and `1` are one patient where a parameter has one target; to `subject`, `1` could be a Group. */
function alternatives(name: string, value: string): readonly string[] {
  const prefix = { patient: 'Patient/', encounter: 'Encounter/', practitioner: 'Practitioner/' }[name] ?? '';
  return value.split(',').map((each) => (each.startsWith(prefix) ? each.slice(prefix.length) : each));
}

function canSearch(type: string, filter: URLSearchParams): boolean {
  try {
    if (filter.size > 0) planCondition(type, filter);
    return true;
  } catch (error) {
    if (error instanceof FhirError) return false;
    throw error;
  }
}
