/** What a search asks for, checked in full before anything is looked at. */
import { matcher } from './matching.js';
import { FhirError, valuesAt, type Resource } from './resource.js';
import { resourceTypes, type ResourceType, type SearchParam } from './resource-types.js';

export interface SearchPlan {
  readonly matches: (resource: Resource) => boolean;
  /** Resources a page. */
  readonly count: number;
  /** The page starts behind the resource with this place in the store; anything below 1 is the first page. */
  readonly after: number;
  readonly elements: readonly string[] | undefined;
  readonly total: boolean;
}

const pageSize = { normal: 50, largest: 200 };

/** @throws FhirError 404 for a type that the store does not hold. */
export function resourceType(type: string): ResourceType {
  const known = resourceTypes.get(type);
  if (!known) throw new FhirError(404, 'not-supported', 'unknown resource type');
  return known;
}

/**
 * Always strict (`Prefer: handling=strict`): a parameter that a server ignores silently widens the answer.
 * Repeated parameters are AND, commas are OR.
 *
 * @throws FhirError 400 for an unknown parameter, modifier or value.
 */
export function planSearch(type: string, query: URLSearchParams): SearchPlan {
  const { params } = resourceType(type);
  const tests: ((resource: Resource) => boolean)[] = [];
  let plan: Omit<SearchPlan, 'matches'> = { count: pageSize.normal, after: 0, elements: undefined, total: false };
  for (const [name, value] of query) {
    const control = controls[name];
    if (control && Object.hasOwn(controls, name)) plan = { ...plan, ...control(value) };
    else tests.push(testFor(params, name, value));
  }
  return { ...plan, matches: (resource) => tests.every((test) => test(resource)) };
}

/**
 * A search that chooses resources: the filter of a scope, the condition of a create. Paging and shaping choose none.
 *
 * @throws FhirError 400, also for a condition that names nothing.
 */
export function planCondition(type: string, query: URLSearchParams): SearchPlan {
  if (query.size === 0) throw new FhirError(400, 'invalid', 'a condition names nothing');
  if ([...query.keys()].some((name) => Object.hasOwn(controls, name)))
    throw new FhirError(400, 'invalid', 'a condition has no paging');
  return planSearch(type, query);
}

const controls: Readonly<Record<string, (value: string) => Partial<Omit<SearchPlan, 'matches'>>>> = {
  _count: (value) => ({ count: Math.min(wholeNumber('_count', value, /^[1-9]\d{0,5}$/), pageSize.largest) }),
  _after: (value) => ({ after: wholeNumber('_after', value, /^-?\d{1,9}$/) }),
  _elements: (value) => ({ elements: elementNames(value) }),
  _total: (value) => {
    if (!['none', 'estimate', 'accurate'].includes(value))
      throw new FhirError(400, 'invalid', '_total has another value');
    return { total: value !== 'none' };
  },
};

/** @throws FhirError 400 when it names nothing. */
export function elementNames(value: string): readonly string[] {
  const names = value.split(',').map((name) => name.trim().replace(/^[A-Z]\w*\./, ''));
  if (names.includes('')) throw new FhirError(400, 'invalid', '_elements names nothing');
  return names;
}

function testFor(params: ResourceType['params'], name: string, value: string): (resource: Resource) => boolean {
  const [base = '', modifier] = name.split(':');
  const named = Object.hasOwn(params, base) ? params[base] : undefined;
  const negated = modifier === 'not' && named?.kind === 'token';
  const logical = modifier === 'identifier' && named?.kind === 'reference';
  if (!named || (modifier !== undefined && !negated && !logical)) {
    throw new FhirError(400, 'not-supported', `unknown search parameter or modifier: ${name.slice(0, 60)}`);
  }
  const param = logical ? identifierOf(named) : named;
  const anyOf = value.split(/(?<!\\),/).map((each) => matcher(param, each.replaceAll('\\,', ',')));
  const hit = (resource: Resource) =>
    param.paths.some((path) => valuesAt(resource, path).some((held) => anyOf.some((matches) => matches(held))));
  return negated ? (resource) => !hit(resource) : hit;
}

/** `:identifier` looks at the logical reference instead of the literal one (R4 §3.1.1.4.12). */
function identifierOf({ paths }: SearchParam): SearchParam {
  return { kind: 'token', paths: paths.map((path) => `${path}.identifier`) };
}

function wholeNumber(name: string, value: string, shape: RegExp): number {
  if (!shape.test(value)) throw new FhirError(400, 'invalid', `${name} is no number that fits`);
  return Number(value);
}
