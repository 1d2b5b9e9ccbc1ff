/** What is wrong with a rulebook, and where. Rulebooks are configuration: unlike requests, they may be quoted. */
import { closest } from '../action/closest.js';

/** Where in a document: keys and list positions. */
export type Path = readonly (string | number)[];

export interface Finding {
  readonly path: Path;
  /** Points at the key of the last step instead of its value. */
  readonly atKey?: boolean;
  readonly message: string;
  /** The word that is wrong, and those that would be right. */
  readonly word?: string;
  readonly known?: readonly string[];
}

/** Hears of everything that is wrong in one document. */
export type Report = (finding: Finding) => void;

export interface Problem {
  readonly file: string;
  /** From 1; absent when the rulebook did not come from text. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly suggestion?: string;
}

/** A rulebook that is not to be used. The last good one stays. */
export class RulebookError extends Error {
  override readonly name = 'RulebookError';
  readonly problems: readonly [Problem, ...Problem[]];

  constructor(problems: readonly [Problem, ...Problem[]]) {
    super(problems.map(problemLine).join('\n'));
    this.problems = problems;
  }
}

/** The problem that a finding is, once its place is known. */
export function problemOf(finding: Finding, place: Pick<Problem, 'file' | 'line' | 'column'>): Problem {
  const suggestion = finding.word === undefined ? undefined : closest(finding.word, finding.known ?? []);
  return { ...place, message: finding.message, ...(suggestion !== undefined && { suggestion }) };
}

/** @throws RulebookError with these problems. */
export function fail(first: Problem, ...more: Problem[]): never {
  throw new RulebookError([first, ...more]);
}

/** Throws what was found, if anything. */
export function throwProblems(problems: readonly Problem[]): void {
  const [first, ...more] = problems;
  if (first) fail(first, ...more);
}

/** `file:line:column: what is wrong; did you mean "…"?` */
export function problemLine({ file, line, column, message, suggestion }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}: ${message}${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`;
}
