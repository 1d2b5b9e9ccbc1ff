/** Keeps of a resource what its element names. Servers may ignore `_elements`; this does not. */
import type { Resource } from './bundle.js';

/** Which version of which resource this is: every element keeps it, so that the record of the access is exact. */
const always = ['resourceType', 'id', 'meta.versionId'];

/** A copy with the named paths only; arrays are walked, and what is not named is gone. */
export function project(resource: Resource, fields: readonly string[]): Record<string, unknown> {
  const kept = keep(resource, pathsOf([...always, ...fields]));
  return isObject(kept) ? kept : {};
}

interface Paths {
  readonly whole: boolean;
  readonly children: Map<string, Paths>;
}

function pathsOf(fields: readonly string[]): Paths {
  const heads = new Map<string, string[]>();
  for (const field of fields) {
    const [head = '', ...rest] = field.split('.');
    heads.set(head, [...(heads.get(head) ?? []), rest.join('.')]);
  }
  return {
    whole: false,
    children: new Map(
      [...heads].map(([head, rests]) => [
        head,
        rests.includes('') ? { whole: true, children: new Map() } : pathsOf(rests),
      ]),
    ),
  };
}

/** Undefined where nothing of the value is named, so that no empty shell tells what was there. */
function keep(value: unknown, { whole, children }: Paths): unknown {
  if (whole) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => keep(item, { whole, children })).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (!isObject(value)) return undefined;
  const entries = [...children].flatMap(([name, paths]) => {
    if (!Object.hasOwn(value, name)) return [];
    const kept = keep(value[name], paths);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
