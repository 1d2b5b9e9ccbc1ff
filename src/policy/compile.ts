/** Compiles a policy, and what extends it, to the closed core. Every word is looked up once, here. */
import type { Digest } from '../action/ids.js';
import { seconds } from '../rulebook/duration.js';
import type { Report } from '../rulebook/problem.js';
import { compileRule, idOf } from './compile-rule.js';
import { compileAgent, compileRole } from './compile-tables.js';
import { phases, type CompiledPolicy, type Gate } from './core.js';
import type { ExtensionDocument, PolicyDocument, RuleDocument } from './document.js';
import { extend } from './extend.js';
import { lexiconOf, type Lexicon, type PolicyWorld } from './lexicon.js';
import { everyPart, type PolicyParts, type Sourced } from './parts.js';

/** A document that extends the policy before it, and who hears of what is wrong in it. */
export interface Extension {
  readonly document: ExtensionDocument;
  readonly report: Report;
}

/**
 * `report` hears of every unknown word and duplicate id; what is returned after such a report is not to be used.
 *
 * @param extensions innermost first; each may only make stricter what it extends.
 */
export function compilePolicy(
  document: PolicyDocument,
  { rulebook, ...world }: PolicyWorld & { readonly rulebook: Digest },
  report: Report,
  extensions: readonly Extension[] = [],
): CompiledPolicy {
  const parts = partsOf(document, world, report, extensions);
  const rules = (list: readonly Sourced[], effect: 'allow' | 'deny') =>
    list.map(({ rule }) => rule).filter((rule) => rule.effect === effect);
  const gates: Gate[] = [{ name: 'rules', phases, grants: rules(parts.rules, 'allow') }];
  // A table that is there limits; one that is not there says nothing.
  for (const name of ['roles', 'agents'] as const) {
    const table = parts[name];
    if (table) gates.push({ name, phases: ['before'], grants: rules(table, 'allow') });
  }
  return {
    rulebook,
    gates,
    denies: rules(everyPart(parts), 'deny'),
    elements: new Set(world.elements.keys()),
    words: lexiconOf(world, report).words,
    ...(parts.precededWithinSeconds !== undefined && { precededWithinSeconds: parts.precededWithinSeconds }),
  };
}

/** What a policy and its extensions come to, each part with its source. */
export function partsOf(
  document: PolicyDocument,
  world: PolicyWorld,
  report: Report,
  extensions: readonly Extension[],
): PolicyParts {
  const reports = [report, ...extensions.map((extension) => extension.report)];
  const whole = extensions.reduce<PolicyParts>(
    (inner, extension, at) => {
      const lexicon = lexiconOf(world, extension.report);
      const own = compileDocument(extension.document, { layer: at + 1, lexicon, report: extension.report });
      return extend(inner, { document: extension.document, own, lexicon }, extension.report);
    },
    compileDocument(document, { layer: 0, lexicon: lexiconOf(world, report), report }),
  );
  if (whole.precededWithinSeconds === undefined)
    for (const { rule, layer, path } of everyPart(whole))
      if (rule.conditions.some(({ attribute }) => attribute === 'precededBy'))
        reports[layer]?.({ path, message: 'preceded_by looks back, and preceded_within does not say how far' });
  return whole;
}

function compileDocument(
  document: PolicyDocument | ExtensionDocument,
  { layer, lexicon, report }: { readonly layer: number; readonly lexicon: Lexicon; readonly report: Report },
): PolicyParts {
  const { rules = [], roles, agents, preceded_within: within } = document;
  reportIds(rules, report);
  const cells = <Table>(
    tables: Readonly<Record<string, Table>> | undefined,
    compile: (word: string, table: Table, lexicon: Lexicon) => Omit<Sourced, 'layer'>[],
  ) =>
    tables &&
    Object.entries(tables).flatMap(([word, table]) =>
      compile(word, table, lexicon).map((cell): Sourced => ({ ...cell, layer })),
    );
  return {
    rules: rules.flatMap((said, at) =>
      compileRule(said, at, lexicon, report).map((rule): Sourced => ({ rule, layer, path: ['rules', at], said })),
    ),
    roles: cells(roles, compileRole),
    agents: cells(agents, compileAgent),
    precededWithinSeconds: within === undefined ? undefined : seconds(within),
  };
}

/** Ids that decisions and tables use themselves would say another thing on the audit log. */
const reserved = /^(default_deny$|(role|agent)\.)/;

function reportIds(rules: readonly RuleDocument[], report: Report): void {
  const seen = new Set<string>();
  rules.forEach((rule, at) => {
    const id = idOf(rule, at);
    const wrong = seen.has(id) ? 'duplicate' : reserved.test(id) ? 'reserved' : undefined;
    if (wrong) report({ path: ['rules', at, 'id'], message: `${wrong} rule id "${id}"`, word: id, known: [] });
    seen.add(id);
  });
}
