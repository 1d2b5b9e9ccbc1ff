/**
 * Jest runs tests in a context of their own, whose `structuredClone` is the outer one: its copies have a foreign
 * `Object.prototype`, and oidc-provider takes no keys that are not plain objects. This one copies within the context.
 */
export function cloneInOwnRealm(): void {
  const outer = globalThis.structuredClone;
  globalThis.structuredClone = <T>(value: T): T => own(outer(value));
}

function own<T>(value: T): T;
function own(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, (each: unknown) => own(each));
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return Object.fromEntries(Object.entries(Object(value)).map(([key, each]) => [key, own(each)]));
}
