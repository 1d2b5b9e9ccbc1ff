/** Words of a request that the governing rulebook must know; the closest known one is suggested. */
import { closest } from '../action/closest.js';
import type { ActionRequest } from '../action/request.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import { ApiProblem } from './problem.js';
import type { ApiCode } from './problem-codes.js';

/** Undefined when the rulebook knows every element and the purpose. */
export function unknownWord(
  { elements, justifications, purpose }: Pick<ActionRequest, 'elements' | 'justifications' | 'purpose'>,
  rulebook: Pick<Rulebook, 'elements' | 'content'>,
): ApiProblem | undefined {
  const named = [...(elements ?? []), ...Object.keys(justifications ?? {})];
  const purposes = new Set(Object.values(rulebook.content.vocabulary.purposes));
  return (
    firstUnknown('element.unknown', named, rulebook.elements) ?? firstUnknown('purpose.unknown', [purpose], purposes)
  );
}

/** Undefined when the rulebook knows every role. */
export function unknownRole(roles: readonly string[], rulebook: Pick<Rulebook, 'roles'>): ApiProblem | undefined {
  return firstUnknown('role.unknown', roles, new Set<string>(rulebook.roles.keys()));
}

function firstUnknown(
  code: ApiCode,
  words: readonly string[],
  known: { has(word: string): boolean; keys(): Iterable<string> },
): ApiProblem | undefined {
  const unknown = words.find((word) => !known.has(word));
  if (unknown === undefined) return undefined;
  const suggestion = closest(unknown, [...known.keys()]);
  return new ApiProblem(code, suggestion === undefined ? {} : { suggestion });
}
