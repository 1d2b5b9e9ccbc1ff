/** A policy that extends another makes it stricter, or does not load. */
import type { Report } from '../rulebook/problem.js';
import { compileConditions } from './compile-rule.js';
import { coveredBy } from './conditions.js';
import type { Condition, Obligation } from './core.js';
import type { ExtensionDocument, RuleDocument } from './document.js';
import type { Lexicon } from './lexicon.js';
import { everyPart, type PolicyParts, type Sourced } from './parts.js';

export interface Layer {
  readonly document: ExtensionDocument;
  /** What stands in it, compiled by itself. */
  readonly own: PolicyParts;
  readonly lexicon: Lexicon;
}

/**
 * The inner policy with more denies, fewer grants, grants that ask for more, and smaller tables. What the outcome
 * allows, the inner policy allows, with every obligation but `audit`, which every action has.
 *
 * @param report hears of everything that would allow more.
 */
export function extend(inner: PolicyParts, { document, own, lexicon }: Layer, report: Report): PolicyParts {
  reportRules(inner, document, report);
  if (own.precededWithinSeconds !== undefined && inner.precededWithinSeconds !== undefined)
    report({ path: ['preceded_within'], message: 'the extended policy says how far back already' });

  const left = without(inner, document.remove ?? [], report);
  const { rules, roles, agents } = narrowed(left, { document, lexicon }, report);
  return {
    rules: [...rules, ...own.rules],
    roles: table(roles, own.roles, report),
    agents: table(agents, own.agents, report),
    precededWithinSeconds: inner.precededWithinSeconds ?? own.precededWithinSeconds,
  };
}

function reportRules(inner: PolicyParts, { rules = [] }: ExtensionDocument, report: Report): void {
  const taken = new Set(inner.rules.map(({ rule }) => rule.id));
  rules.forEach(({ id, effect }, at) => {
    if (effect === 'allow')
      report({ path: ['rules', at, 'effect'], message: 'an extension only denies: this would allow more' });
    if (id === undefined) report({ path: ['rules', at], message: 'a rule of an extension needs an id' });
    else if (taken.has(id)) report({ path: ['rules', at, 'id'], message: `duplicate rule id "${id}"` });
  });
}

function without(parts: PolicyParts, ids: readonly string[], report: Report): PolicyParts {
  ids.forEach((id, at) => grantsUnder(parts, id, { path: ['remove', at], atKey: false }, report));
  const removed = new Set(ids);
  return mapParts(parts, (part) => (part.rule.effect === 'allow' && removed.has(part.rule.id) ? [] : [part]));
}

function narrowed(
  parts: PolicyParts,
  { document, lexicon }: Pick<Layer, 'document' | 'lexicon'>,
  report: Report,
): PolicyParts {
  return Object.entries(document.narrow ?? {}).reduce((before, [id, { conditions }]) => {
    const path = ['narrow', id];
    const grants = new Set(grantsUnder(before, id, { path, atKey: true }, report));
    const more = compileConditions(conditions, [...path, 'conditions'], lexicon);
    return mapParts(before, (part) => [grants.has(part) ? asking(part, more, conditions) : part]);
  }, parts);
}

function asking(
  { rule, said, ...source }: Sourced,
  more: { readonly conditions: readonly Condition[]; readonly obligations: readonly Obligation[] },
  conditions: NonNullable<RuleDocument['conditions']>,
): Sourced {
  return {
    ...source,
    rule: {
      ...rule,
      conditions: [...rule.conditions, ...more.conditions],
      obligations: [...new Set([...rule.obligations, ...more.obligations])],
    },
    ...(said && { said: { ...said, conditions: [...(said.conditions ?? []), ...conditions] } }),
  };
}

/** The grants under this id; `report` hears when there is none, or when another rule could grant with less to do. */
function grantsUnder(
  parts: PolicyParts,
  id: string,
  place: Pick<Parameters<Report>[0], 'path' | 'atKey'>,
  report: Report,
): Sourced[] {
  const all = everyPart(parts);
  const named = all.filter(({ rule }) => rule.id === id);
  const grants = named.filter(({ rule }) => rule.effect === 'allow');
  const known = all.filter(({ rule }) => rule.effect === 'allow').map(({ rule }) => rule.id);
  if (named.length === 0) report({ ...place, message: `unknown grant "${id}"`, word: id, known });
  else if (grants.length === 0) report({ ...place, message: `"${id}" denies, and a deny stays as it is` });
  for (const duty of ['alert', 'redact'] as const)
    if (grants.some(({ rule }) => rule.obligations.includes(duty)))
      report({ ...place, message: `"${id}" carries ${duty}: without it another rule might allow the same` });
  return grants;
}

/** A table that is new limits. One that was there keeps the rows that it is not told about, and gets no larger. */
function table(
  inner: readonly Sourced[] | undefined,
  own: readonly Sourced[] | undefined,
  report: Report,
): readonly Sourced[] | undefined {
  if (inner === undefined || own === undefined) return inner ?? own;
  const given = inner.filter(({ rule }) => rule.effect === 'allow');
  const rows = new Set<string | undefined>();
  for (const { rule, path } of own) {
    if (rule.effect === 'deny') continue;
    rows.add(holder(rule.id));
    if (!given.some((cell) => coveredBy(rule, cell.rule)))
      report({ path, message: `"${rule.id}" is more than the extended policy gives` });
  }
  return [...inner.filter(({ rule }) => rule.effect === 'deny' || !rows.has(holder(rule.id))), ...own];
}

/** Whose row a cell is of: `role.<whose>.can.…`, `agent.<whose>.…`. */
function holder(id: string): string | undefined {
  return id.split('.')[1];
}

function mapParts(parts: PolicyParts, change: (part: Sourced) => readonly Sourced[]): PolicyParts {
  return {
    ...parts,
    rules: parts.rules.flatMap(change),
    roles: parts.roles?.flatMap(change),
    agents: parts.agents?.flatMap(change),
  };
}
