/** Compiles a policy document to the closed core. Every word is looked up once, here. */
import type { Digest } from '../action/ids.js';
import type { Path, Report } from '../rulebook/problem.js';
import {
  phases,
  verbs,
  type CompiledPolicy,
  type Condition,
  type CoreRule,
  type Gate,
  type Obligation,
} from './core.js';
import type { ConditionDocument, PolicyDocument, RuleDocument } from './document.js';
import { lexiconOf, type Lexicon, type PolicyWorld, type WordyAttribute } from './lexicon.js';

/** `report` hears of every unknown word and duplicate id; what is returned after such a report is not to be used. */
export function compilePolicy(
  document: PolicyDocument,
  { rulebook, ...world }: PolicyWorld & { readonly rulebook: Digest },
  report: Report,
): CompiledPolicy {
  const lexicon = lexiconOf(world, report);
  const rules = document.rules.flatMap((rule, at) => compileRule(rule, at, lexicon));
  reportDuplicates(document.rules, report);
  const roles = Object.entries(document.roles ?? {}).map(([name, table]) => compileRole(name, table, lexicon));
  const agents = Object.entries(document.agents ?? {}).map(([name, table]) => compileAgent(name, table, lexicon));
  const gates: Gate[] = [{ name: 'rules', phases, grants: rules.filter(({ effect }) => effect === 'allow') }];
  // A table that is there limits; one that is not there says nothing.
  if (document.roles) gates.push({ name: 'roles', phases: ['before'], grants: roles.flatMap(({ grants }) => grants) });
  if (document.agents) gates.push({ name: 'agents', phases: ['before'], grants: agents.flat() });
  return {
    rulebook,
    gates,
    denies: [...rules.filter(({ effect }) => effect === 'deny'), ...roles.flatMap(({ denies }) => denies)],
    elements: new Set(world.elements.keys()),
    words: lexicon.words,
  };
}

function compileRule(rule: RuleDocument, at: number, lexicon: Lexicon): CoreRule[] {
  const path: Path = ['rules', at];
  const said = rule.conditions ?? [];
  const conditions = said.flatMap((terms, place) => compileCondition(terms, [...path, 'conditions', place], lexicon));
  const obligations: Obligation[] = [
    ...(said.some(({ audit }) => audit !== undefined) ? ['audit' as const] : []),
    ...(rule.alert !== undefined ? ['alert' as const] : []),
  ];
  const scopes =
    rule.resource === undefined
      ? [{ elements: 'any' as const, conditions: [] }]
      : list(rule.resource, [...path, 'resource']).flatMap(([word, place]) => lexicon.resource(word, place) ?? []);
  return list(rule.action, [...path, 'action'])
    .flatMap(([word, place]) => lexicon.action(word, place) ?? [])
    .flatMap((action) =>
      scopes.map((scope) => ({
        id: idOf(rule, at),
        effect: rule.effect,
        ...action,
        elements: scope.elements,
        conditions: [...scope.conditions, ...conditions],
        obligations,
      })),
    );
}

function compileCondition(said: ConditionDocument, path: Path, lexicon: Lexicon): Condition[] {
  const words = (key: 'purpose' | 'destination' | 'agent_role' | 'role' | 'time_window', attribute: WordyAttribute) =>
    new Set(
      list(said[key] ?? [], [...path, key]).flatMap(([word, place]) => lexicon.term(attribute, word, place) ?? []),
    );
  const conditions: (Condition | false)[] = [
    said.purpose !== undefined && { attribute: 'purpose', oneOf: words('purpose', 'purpose') },
    said.destination !== undefined && { attribute: 'destination', oneOf: words('destination', 'destination') },
    said.agent_role !== undefined && { attribute: 'agentRole', oneOf: words('agent_role', 'agentRole') },
    said.role !== undefined && { attribute: 'principalRoles', anyOf: words('role', 'principalRoles') },
    said.time_window !== undefined && { attribute: 'timeWindows', anyOf: words('time_window', 'timeWindows') },
    said.contains_phi !== undefined && { attribute: 'containsPhi', is: said.contains_phi },
    said.data_contains !== undefined && {
      attribute: 'containsPhi',
      is: lexicon.isPhi(said.data_contains, [...path, 'data_contains']),
    },
    said.names_patient !== undefined && { attribute: 'namesPatient', is: said.names_patient },
    said.treatment_relationship !== undefined && { attribute: 'related', is: true },
  ];
  return conditions.filter((condition) => condition !== false);
}

type RoleTable = NonNullable<PolicyDocument['roles']>[string];

/** A cell is a rule: `role.clinician.can.medications`. What a role cannot access it denies whatever else allows it. */
function compileRole(word: string, table: RoleTable, lexicon: Lexicon) {
  const path: Path = ['roles', word];
  const role = lexicon.term('principalRoles', word, path, true);
  const cells = (effect: CoreRule['effect'], column: 'can_access' | 'cannot_access'): CoreRule[] =>
    (table[column] ?? []).flatMap((category, at) => {
      const scope = lexicon.category(category, [...path, column, at]);
      if (scope === undefined || role === undefined) return [];
      return {
        id: `role.${role}.${column === 'can_access' ? 'can' : 'cannot'}.${category}`,
        effect,
        verbs: new Set(verbs),
        phase: 'before',
        elements: scope.elements,
        conditions: [{ attribute: 'principalRoles', anyOf: new Set([role]) }, ...scope.conditions],
        obligations: [],
      };
    });
  return { grants: cells('allow', 'can_access'), denies: cells('deny', 'cannot_access') };
}

type AgentTable = NonNullable<PolicyDocument['agents']>[string];

/** A cell is a rule: `agent.triage.allergy_history`. Break-glass fields are fields under a purpose that says so. */
function compileAgent(word: string, table: AgentTable, lexicon: Lexicon): CoreRule[] {
  const path: Path = ['agents', word];
  const agent = lexicon.term('agentRole', word, path, true);
  const cells = (column: 'allowed_fields' | 'requires_break_glass', conditions: readonly Condition[]): CoreRule[] =>
    (table[column] ?? []).flatMap((field, at) => {
      const element = lexicon.field(field, [...path, column, at]);
      if (element === undefined || agent === undefined) return [];
      return {
        id: `agent.${agent}.${element}`,
        effect: 'allow',
        verbs: new Set(table.allowed_operations),
        phase: 'before',
        elements: new Set([element]),
        conditions: [{ attribute: 'agentRole', oneOf: new Set([agent]) }, ...conditions],
        obligations: [],
      };
    });
  return [
    ...cells('allowed_fields', []),
    ...cells('requires_break_glass', [{ attribute: 'purpose', oneOf: lexicon.breakGlass }]),
  ];
}

function reportDuplicates(rules: readonly RuleDocument[], report: Report): void {
  const ids = rules.map(idOf);
  ids.forEach((id, at) => {
    if (ids.indexOf(id) < at)
      report({ path: ['rules', at, 'id'], message: `duplicate rule id "${id}"`, word: id, known: [] });
  });
}

/** A rule without an id goes by its place. */
function idOf({ id }: RuleDocument, at: number): string {
  return id ?? `rule.${at + 1}`;
}

/** One word or several, each with where it stands. */
function list(said: string | readonly string[], path: Path): (readonly [string, Path])[] {
  return typeof said === 'string' ? [[said, path]] : said.map((word, at) => [word, [...path, at]] as const);
}
