/** Table cases of a rulebook, and what came of them. */
import { z } from 'zod';
import { tierSchema } from '../../action/types.js';
import type { Path, Report } from '../../rulebook/problem.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import { answerOf, type SampleAnswer } from './answer.js';
import { invariantSchema } from './invariants.js';
import { sampleReader, sampleSchema, type Sample } from './sample.js';
import { seatsOf } from './seats.js';

const rule = z.string().min(1).max(120);

/** A case says at least whether its request is allowed: one that expects nothing could not fail. */
const expectation = z.strictObject(
  {
    effect: z.enum(['allow', 'deny']),
    /** All of these are among the rules that decided. */
    rules: z.array(rule).min(1).optional(),
    tier: tierSchema.optional(),
    /** Exactly these, in any order; `nobody` where nobody is asked. */
    seats: z.union([z.literal('nobody'), z.array(z.string().min(1)).min(1)]).optional(),
    /** Exactly these. */
    obligations: z.array(z.string().min(1)).optional(),
  },
  { error: ({ input }) => (input === undefined ? 'a case that expects nothing' : undefined) },
);

const caseRow = z.strictObject({ name: z.string().min(1).max(200), request: sampleSchema, expect: expectation });
export type CaseRow = Readonly<z.infer<typeof caseRow>>;

export const caseFileSchema = z
  .strictObject({
    version: z.literal('1.0'),
    name: z.string().min(1).max(200),
    /** What every request of this file says, unless it says something else. */
    given: sampleSchema.optional(),
    cases: z.array(caseRow).min(1).optional(),
    invariants: z.array(invariantSchema).min(1).optional(),
  })
  .refine(({ cases, invariants }) => cases !== undefined || invariants !== undefined, {
    error: 'neither cases nor invariants',
  });
export type CaseFile = Readonly<z.infer<typeof caseFileSchema>>;

export interface Difference {
  readonly what: 'effect' | 'rules' | 'tier' | 'seats' | 'obligations';
  readonly expected: string;
  readonly got: string;
}

export interface CaseResult {
  readonly name: string;
  readonly path: Path;
  /** Empty: it passed. */
  readonly differences: readonly Difference[];
  readonly answer: SampleAnswer;
}

/** Runs every case. `report` hears of words that the rulebook does not know; such a case has no result. */
export function runCases(rulebook: Rulebook, file: CaseFile, report: Report): CaseResult[] {
  const read = sampleReader(rulebook);
  const names = (file.cases ?? []).map(({ name }) => name);
  return (file.cases ?? []).flatMap((row, at) => {
    const path: Path = ['cases', at];
    if (names.indexOf(row.name) < at) report({ path: [...path, 'name'], message: 'another case has this name' });
    const request = { ...givenTo(row.request, file.given ?? {}), ...row.request };
    const asked = read(request, report, [...path, 'request']);
    if (asked === undefined) return [];
    const answer = answerOf(rulebook, asked);
    return { name: row.name, path, answer, differences: differences(row.expect, answer) };
  });
}

/** What a file gives to all of its requests reaches each as far as it can say such a thing. */
function givenTo({ type, verb }: Sample, given: Sample): Sample {
  if (type !== undefined) {
    const { verb: _verb, phase: _phase, destination: _destination, contains_phi: _phi, ...rest } = given;
    return rest;
  }
  if (verb === undefined) return given;
  const { type: _type, reason: _r, justifications: _j, risk_assessment: _a, claimed_tier: _tier, ...rest } = given;
  return rest;
}

function differences(expected: CaseRow['expect'], answer: SampleAnswer): Difference[] {
  const { effect, rules, tier, seats, obligations } = expected;
  const missing = (rules ?? []).filter((each) => !answer.rules.includes(each));
  const rows: (Difference | false)[] = [
    effect !== answer.effect && { what: 'effect', expected: effect, got: answer.effect },
    missing.length > 0 && { what: 'rules', expected: missing.join(', '), got: answer.rules.join(', ') || 'none' },
    tier !== undefined && tier !== answer.terms?.tier && { what: 'tier', expected: tier, got: tierText(answer) },
    seats !== undefined &&
      differ('seats', seats === 'nobody' ? [] : seats, answer.terms && seatsOf(answer.terms.needs), 'nobody'),
    obligations !== undefined && differ('obligations', obligations, answer.obligations, 'none'),
  ];
  return rows.filter((row) => row !== false);
}

function tierText({ terms }: SampleAnswer): string {
  return terms?.tier ?? 'no tier';
}

function differ(
  what: Difference['what'],
  expected: readonly string[],
  got: readonly string[] | undefined,
  none: string,
): Difference | false {
  const text = (words: readonly string[]) => [...words].sort().join(', ') || none;
  if (got !== undefined && text(expected) === text(got)) return false;
  return { what, expected: text(expected), got: got === undefined ? 'no answer' : text(got) };
}
