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
  const index = indexOf(parts);
  const removed = new Set<string>();
  ids.forEach((id, at) => {
    const place = { path: ['remove', at], atKey: false };
    if (removed.has(id)) report({ ...place, message: `"${id}" is named twice` });
    else grantsUnder(index, id, place, report);
    removed.add(id);
  });
  return mapParts(parts, (part) => (isGrant(part) && removed.has(part.rule.id) ? [] : [part]));
}

function narrowed(
  parts: PolicyParts,
  { document, lexicon }: Pick<Layer, 'document' | 'lexicon'>,
  report: Report,
): PolicyParts {
  const index = indexOf(parts);
  const narrower = new Map<Sourced, Sourced>();
  for (const [id, { conditions }] of Object.entries(document.narrow ?? {})) {
    const path = ['narrow', id];
    const more = compileConditions(conditions, [...path, 'conditions'], lexicon);
    for (const grant of grantsUnder(index, id, { path, atKey: true }, report))
      narrower.set(grant, asking(grant, more, conditions));
  }
  return mapParts(parts, (part) => [narrower.get(part) ?? part]);
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

/** Made once for all ids that an extension names: both lists may be long. */
interface PartIndex {
  readonly byId: ReadonlyMap<string, readonly Sourced[]>;
  /** Ids of every grant. */
  readonly grants: readonly string[];
}

function indexOf(parts: PolicyParts): PartIndex {
  const byId = new Map<string, Sourced[]>();
  for (const part of everyPart(parts)) {
    const same = byId.get(part.rule.id);
    if (same) same.push(part);
    else byId.set(part.rule.id, [part]);
  }
  const grants = [...byId].filter(([, same]) => same.some(isGrant)).map(([id]) => id);
  return { byId, grants };
}

function isGrant({ rule }: Sourced): boolean {
  return rule.effect === 'allow';
}

/** The grants under this id; `report` hears when there is none, or when another rule could grant with less to do. */
function grantsUnder(
  { byId, grants: known }: PartIndex,
  id: string,
  place: Pick<Parameters<Report>[0], 'path' | 'atKey'>,
  report: Report,
): Sourced[] {
  const named = byId.get(id) ?? [];
  const grants = named.filter(isGrant);
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
  const given = inner.filter(isGrant);
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
