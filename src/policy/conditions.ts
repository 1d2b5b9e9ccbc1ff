/** What can be told about rules and conditions without any request. */
import type { CompiledPolicy, Condition, CoreRule } from './core.js';

/** Where this condition is known to hold the answer does not, and the other way round; unknown stays unknown. */
export function negated(condition: Condition, words: CompiledPolicy['words']): Condition {
  if ('is' in condition) return { attribute: condition.attribute, is: !condition.is };
  if ('anyOf' in condition) return { attribute: condition.attribute, noneOf: condition.anyOf };
  if ('noneOf' in condition) return { attribute: condition.attribute, anyOf: condition.noneOf };
  const others = [...words[condition.attribute]].filter((word) => !condition.oneOf.has(word));
  return { attribute: condition.attribute, oneOf: new Set(others) };
}

/** Wherever `narrow` holds, `wide` does; wherever `narrow` may hold, `wide` may. */
export function implies(narrow: Condition, wide: Condition): boolean {
  if (narrow.attribute !== wide.attribute) return false;
  if ('is' in narrow && 'is' in wide) return narrow.is === wide.is;
  if ('oneOf' in narrow && 'oneOf' in wide) return isSubset(narrow.oneOf, wide.oneOf);
  if ('anyOf' in narrow && 'anyOf' in wide) return isSubset(narrow.anyOf, wide.anyOf);
  if ('noneOf' in narrow && 'noneOf' in wide) return isSubset(wide.noneOf, narrow.noneOf);
  return false;
}

/** Some request may meet both. Attributes with one value hold one of it; those with several words may hold any. */
export function compatible(one: Condition, other: Condition): boolean {
  if (one.attribute !== other.attribute) return true;
  if ('is' in one && 'is' in other) return one.is === other.is;
  if ('oneOf' in one && 'oneOf' in other) return [...one.oneOf].some((word) => other.oneOf.has(word));
  if ('anyOf' in one && 'noneOf' in other) return !isSubset(one.anyOf, other.noneOf);
  if ('noneOf' in one && 'anyOf' in other) return compatible(other, one);
  return true;
}

/** Everything that `narrow` speaks about, `wide` does: verbs, phase and elements, whatever the conditions. */
export function withinScope(narrow: CoreRule, wide: CoreRule): boolean {
  return (
    narrow.phase === wide.phase &&
    isSubset(narrow.verbs, wide.verbs) &&
    (wide.elements === 'any' || (narrow.elements !== 'any' && isSubset(narrow.elements, wide.elements)))
  );
}

/** Wherever `narrow` applies, `wide` does. False does not mean that it ever applies alone. */
export function coveredBy(narrow: CoreRule, wide: CoreRule): boolean {
  return (
    wide.conditions.every((asked) => narrow.conditions.some((given) => implies(given, asked))) &&
    withinScope(narrow, wide)
  );
}

function isSubset<T>(some: ReadonlySet<T>, all: ReadonlySet<T>): boolean {
  return [...some].every((item) => all.has(item));
}
