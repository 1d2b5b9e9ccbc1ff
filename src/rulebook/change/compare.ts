/** What differs between two rulebooks: paths into their documents, what stood there and what stands there now. */
export interface Difference {
  /** `tiers.tiers.T2.deadline`; positions of lists count from 0. */
  readonly path: string;
  /** Undefined where nothing was. */
  readonly from: unknown;
  /** Undefined where nothing is any more. */
  readonly to: unknown;
}

/** In the order of their paths. The same rules in another order within a list are a difference: people read them so. */
export function compareRulebooks(from: unknown, to: unknown): Difference[] {
  return differences('', from, to).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function differences(path: string, from: unknown, to: unknown): Difference[] {
  const [before, after] = [membersOf(from), membersOf(to)];
  if (!before || !after || Array.isArray(from) !== Array.isArray(to)) return from === to ? [] : [{ path, from, to }];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) =>
    differences(path === '' ? name : `${path}.${name}`, before.get(name), after.get(name)),
  );
}

/** Undefined for what has no members. */
function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
}
