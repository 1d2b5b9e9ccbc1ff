/** What a schema finds wrong with a document, in the words of this room. */
import { z } from 'zod';
import type { Finding } from './problem.js';

/** An unknown key first: it is often what a missing one was meant to be. */
export function inOrder({ issues }: z.ZodError): z.core.$ZodIssue[] {
  const order = (issue: z.core.$ZodIssue) => (issue.code === 'unrecognized_keys' ? 0 : 1);
  return [...issues].sort((a, b) => order(a) - order(b));
}

/** One issue of zod in the words of this room. */
export function findingsOf(
  schema: z.ZodType | undefined,
  issue: z.core.$ZodIssue & { path: (string | number)[] },
): Finding[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysOf(schema);
      return issue.keys.map((word) => ({
        path: [...path, word],
        atKey: true,
        message: `unknown key "${word}"`,
        word,
        known: known.includes(word) ? [] : known, // right elsewhere: nothing to suggest
      }));
    }
    case 'invalid_value': {
      const known = issue.values.filter((value) => typeof value === 'string');
      const word = typeof issue.input === 'string' ? issue.input : undefined;
      const message = `expected one of ${issue.values.map(String).join(', ')}`;
      return [{ path, message, known, ...(word !== undefined && { word }) }];
    }
    case 'invalid_key':
      return [{ path, atKey: true, message: 'a key of the wrong shape' }];
    default:
      return [{ path, message: issue.message.replace(/^Invalid input: /, '') }];
  }
}

/** Every key that a document's shape knows, wherever it stands. */
function keysOf(schema: z.ZodType | undefined): string[] {
  const keys = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'properties' && typeof inner === 'object' && inner !== null)
        Object.keys(inner).forEach((key) => keys.add(key));
      walk(inner);
    }
  };
  if (schema) walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return [...keys];
}
