/** The parts of a compiled policy while it is being put together, each with where it was written. */
import type { Path } from '../rulebook/problem.js';
import type { CoreRule } from './core.js';
import type { RuleDocument } from './document.js';

/** A rule of the core, and where it was written. */
export interface Sourced {
  readonly rule: CoreRule;
  /** 0: the policy itself; then the documents that extend it, innermost first. */
  readonly layer: number;
  readonly path: Path;
  /** As people wrote it, conditions that an extension added included. Absent for the cell of a table. */
  readonly said?: RuleDocument;
}

export interface PolicyParts {
  readonly rules: readonly Sourced[];
  /** Undefined: there is no such table, and it says nothing. One that is there limits. */
  readonly roles: readonly Sourced[] | undefined;
  readonly agents: readonly Sourced[] | undefined;
  readonly precededWithinSeconds: number | undefined;
}

/** Every part of them, in no order. */
export function everyPart({ rules, roles = [], agents = [] }: PolicyParts): Sourced[] {
  return [...rules, ...roles, ...agents];
}
