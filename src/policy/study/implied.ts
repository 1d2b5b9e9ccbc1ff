import type { Rulebook } from '../../rulebook/rulebook.js';
import type { Implied } from './attribute-values.js';

/** Whoever holds a role holds those that it implies. Every other word stands for itself. */
export function impliedBy({ roles }: Pick<Rulebook, 'roles'>): Implied {
  const all = new Map<string, readonly string[]>(roles);
  return (attribute, word) => (attribute === 'principalRoles' ? (all.get(word) ?? [word]) : [word]);
}
