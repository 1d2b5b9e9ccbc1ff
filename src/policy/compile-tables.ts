/** The tables of roles and agents, in the closed core: every cell is a rule. */
import type { Path } from '../rulebook/problem.js';
import { verbs, type Condition, type CoreRule } from './core.js';
import type { PolicyDocument } from './document.js';
import type { Lexicon } from './lexicon.js';
import type { Sourced } from './parts.js';

type RoleTable = NonNullable<PolicyDocument['roles']>[string];
type Cell = Pick<Sourced, 'rule' | 'path'>;

/** `role.clinician.can.medications`. What a role cannot access it denies, whatever else allows it. */
export function compileRole(word: string, table: RoleTable, lexicon: Lexicon): Cell[] {
  const path: Path = ['roles', word];
  const role = lexicon.term('principalRoles', word, path, true);
  const cells = (effect: CoreRule['effect'], column: 'can_access' | 'cannot_access'): Cell[] =>
    (table[column] ?? []).flatMap((category, at) => {
      const here = [...path, column, at];
      const scope = lexicon.category(category, here);
      if (scope === undefined || role === undefined) return [];
      const rule: CoreRule = {
        id: `role.${role}.${column === 'can_access' ? 'can' : 'cannot'}.${category}`,
        effect,
        verbs: new Set(verbs),
        phase: 'before',
        elements: scope.elements,
        conditions: [{ attribute: 'principalRoles', anyOf: new Set([role]) }, ...scope.conditions],
        obligations: [],
      };
      return { rule, path: here };
    });
  return [...cells('allow', 'can_access'), ...cells('deny', 'cannot_access')];
}

type AgentTable = NonNullable<PolicyDocument['agents']>[string];

/** `agent.triage.allergy_history`. Break-glass fields are fields under a purpose that says so. */
export function compileAgent(word: string, table: AgentTable, lexicon: Lexicon): Cell[] {
  const path: Path = ['agents', word];
  const agent = lexicon.term('agentRole', word, path, true);
  const cells = (column: 'allowed_fields' | 'requires_break_glass', conditions: readonly Condition[]): Cell[] =>
    (table[column] ?? []).flatMap((field, at) => {
      const here = [...path, column, at];
      const element = lexicon.field(field, here);
      if (element === undefined || agent === undefined) return [];
      const rule: CoreRule = {
        id: `agent.${agent}.${element}`,
        effect: 'allow',
        verbs: new Set(table.allowed_operations),
        phase: 'before',
        elements: new Set([element]),
        conditions: [{ attribute: 'agentRole', oneOf: new Set([agent]) }, ...conditions],
        obligations: [],
      };
      return { rule, path: here };
    });
  return [
    ...cells('allowed_fields', []),
    ...cells('requires_break_glass', [{ attribute: 'purpose', oneOf: lexicon.breakGlass }]),
  ];
}
