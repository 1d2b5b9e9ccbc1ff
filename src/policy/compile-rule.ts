/** One rule of a policy, in the closed core. */
import type { Path, Report } from '../rulebook/problem.js';
import { negated } from './conditions.js';
import type { Condition, CoreRule, Obligation } from './core.js';
import type { ConditionDocument, RuleDocument } from './document.js';
import type { Lexicon, WordyAttribute } from './lexicon.js';

/** A rule without an id goes by its place. */
export function idOf({ id }: RuleDocument, at: number): string {
  return id ?? `rule.${at + 1}`;
}

/** One for each action, resource and exception that it names: a request needs one of them only. */
export function compileRule(rule: RuleDocument, at: number, lexicon: Lexicon, report: Report): CoreRule[] {
  const path: Path = ['rules', at];
  const { conditions, obligations } = compileConditions(rule.conditions ?? [], [...path, 'conditions'], lexicon);
  const said = rule.unless ?? [];
  const exceptions = said.flatMap((terms, place) => compileCondition(terms, [...path, 'unless', place], lexicon));
  const scopes =
    rule.resource === undefined
      ? [{ elements: 'any' as const, conditions: [] }]
      : list(rule.resource, [...path, 'resource']).flatMap(([word, place]) => lexicon.resource(word, place) ?? []);
  const actions = list(rule.action, [...path, 'action']).flatMap(([word, place]) => lexicon.action(word, place) ?? []);
  if (rule.redact !== undefined && actions.some(({ phase }) => phase !== 'output'))
    report({ path: [...path, 'redact'], message: 'only output can be redacted' });
  // Not all of the exceptions are known to hold: one of them may not.
  const lacking = exceptions.length === 0 ? [[]] : exceptions.map((exception) => [negated(exception, lexicon.words)]);
  return actions.flatMap((action) =>
    scopes.flatMap((scope) =>
      lacking.map((lack) => ({
        id: idOf(rule, at),
        effect: rule.effect,
        ...action,
        elements: scope.elements,
        conditions: [...scope.conditions, ...conditions, ...lack],
        obligations: [...new Set([...obligationsOf(rule), ...obligations])],
      })),
    ),
  );
}

/** Conditions as they stand in a list, and the obligations among them. */
export function compileConditions(
  said: readonly ConditionDocument[],
  path: Path,
  lexicon: Lexicon,
): { readonly conditions: readonly Condition[]; readonly obligations: readonly Obligation[] } {
  return {
    conditions: said.flatMap((terms, place) => compileCondition(terms, [...path, place], lexicon)),
    obligations: said.some(({ audit }) => audit !== undefined) ? ['audit'] : [],
  };
}

function obligationsOf({ audit, alert, redact }: RuleDocument): Obligation[] {
  const obligations: (Obligation | false)[] = [
    audit !== undefined && 'audit',
    alert !== undefined && 'alert',
    redact !== undefined && 'redact',
  ];
  return obligations.filter((obligation) => obligation !== false);
}

type WordyKey = 'purpose' | 'destination' | 'agent_role' | 'role' | 'time_window' | 'preceded_by';

function compileCondition(said: Omit<ConditionDocument, 'audit'>, path: Path, lexicon: Lexicon): Condition[] {
  const words = (key: WordyKey, attribute: WordyAttribute) =>
    new Set(
      list(said[key] ?? [], [...path, key]).flatMap(([word, place]) => lexicon.term(attribute, word, place) ?? []),
    );
  const conditions: (Condition | false)[] = [
    said.purpose !== undefined && { attribute: 'purpose', oneOf: words('purpose', 'purpose') },
    said.destination !== undefined && { attribute: 'destination', oneOf: words('destination', 'destination') },
    said.agent_role !== undefined && { attribute: 'agentRole', oneOf: words('agent_role', 'agentRole') },
    said.role !== undefined && { attribute: 'principalRoles', anyOf: words('role', 'principalRoles') },
    said.time_window !== undefined && { attribute: 'timeWindows', anyOf: words('time_window', 'timeWindows') },
    said.preceded_by !== undefined && { attribute: 'precededBy', anyOf: words('preceded_by', 'precededBy') },
    said.contains_phi !== undefined && { attribute: 'containsPhi', is: said.contains_phi },
    said.data_contains !== undefined && {
      attribute: 'containsPhi',
      is: lexicon.isPhi(said.data_contains, [...path, 'data_contains']),
    },
    said.names_patient !== undefined && { attribute: 'namesPatient', is: said.names_patient },
    said.treatment_relationship !== undefined && { attribute: 'related', is: true },
    said.on_call !== undefined && { attribute: 'onCall', is: true },
  ];
  return conditions.filter((condition) => condition !== false);
}

/** One word or several, each with where it stands. */
function list(said: string | readonly string[], path: Path): (readonly [string, Path])[] {
  return typeof said === 'string' ? [[said, path]] : said.map((word, at) => [word, [...path, at]] as const);
}
