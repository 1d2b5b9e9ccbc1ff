/** Reads what came over the network or out of the browser's store. What is not of the expected shape is refused whole. */
import { Failure } from './failure.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Each reader of this file throws Failure `api.unreadable` for any other shape. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : unreadable();
}

export function objectAt(of: JsonObject, name: string): JsonObject {
  return objectOf(of[name]);
}

export function listAt(of: JsonObject, name: string): readonly unknown[] {
  const value = of[name];
  return Array.isArray(value) ? value : unreadable();
}

export function textAt(of: JsonObject, name: string): string {
  return textOf(of[name]);
}

export function textOrNullAt(of: JsonObject, name: string): string | null {
  return of[name] === null ? null : textAt(of, name);
}

export function textsAt(of: JsonObject, name: string): readonly string[] {
  return listAt(of, name).map(textOf);
}

export function wholeNumberAt(of: JsonObject, name: string): number {
  const value = of[name];
  return typeof value === 'number' && Number.isInteger(value) ? value : unreadable();
}

export function booleanAt(of: JsonObject, name: string): boolean {
  const value = of[name];
  return typeof value === 'boolean' ? value : unreadable();
}

/** The value if it is one of these. */
export function oneOf<const T extends string>(values: readonly T[], value: unknown): T {
  return values.find((each) => each === value) ?? unreadable();
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return unreadable();
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : unreadable();
}

function unreadable(): never {
  throw new Failure('api.unreadable', 'The answer was not of the expected shape. Load the page again, or report it.');
}
