/** What must hold between the documents of a rulebook. */
import { writes } from '../action/define-action.js';
import { tiers, type Tier } from '../action/types.js';
import type { DocumentName, RulebookContent } from './schema.js';
import { seconds } from './duration.js';
import type { Finding, Path } from './problem.js';

/** One report for each document. */
export type Reports = (document: DocumentName) => (finding: Finding) => void;

/** Reports every word that names nothing and every row that is weaker than its kind allows. */
export function checkContent(content: RulebookContent, reports: Reports): void {
  const known: Known = {
    elements: Object.keys(content.elements.elements),
    roles: Object.keys(content.roles.roles),
    purposes: [...new Set(Object.values(content.vocabulary.purposes))],
    recordClasses: Object.keys(content.retention.record_classes),
  };
  checkRoles(content.roles, known, reports('roles'));
  checkTiers(content, known, reports('tiers'));
  checkElements(content.elements, reports('elements'));
  checkActions(content, known, reports('actions'));
  checkVocabulary(content.vocabulary, known, reports('vocabulary'));
  checkRetention(content.retention, known, reports('retention'));
  checkRaising(content.tiers.raising, known, reports('tiers'));
  checkMinimumNecessary(content, known, reports('minimum-necessary'));
  checkQuotas(content, reports('quotas'));
}

type Known = Readonly<Record<'elements' | 'roles' | 'purposes' | 'recordClasses', readonly string[]>>;
type Report = (finding: Finding) => void;

function mustBeKnown(
  report: Report,
  kind: string,
  word: string,
  { path, known }: { path: Path; known: readonly string[] },
) {
  if (!known.includes(word)) report({ path, message: `unknown ${kind} "${word}"`, word, known });
}

function checkRetention({ agents = {} }: RulebookContent['retention'], known: Known, report: Report): void {
  for (const [agent, word] of Object.entries(agents))
    mustBeKnown(report, 'record class', word, { path: ['agents', agent], known: known.recordClasses });
}

function checkRoles({ roles, changes }: RulebookContent['roles'], known: Known, report: Report): void {
  for (const table of ['signers', 'officers'] as const)
    changes?.[table].forEach((name, at) =>
      mustBeKnown(report, 'role', name, { path: ['changes', table, at], known: known.roles }),
    );
  changes?.officers.forEach((name, at) => {
    if (!changes.signers.includes(name))
      report({ path: ['changes', 'officers', at], message: `"${name}" is no signer: nobody could sign as one` });
  });
  for (const [name, { implies = [] }] of Object.entries(roles)) {
    implies.forEach((implied, at) =>
      mustBeKnown(report, 'role', implied, { path: ['roles', name, 'implies', at], known: known.roles }),
    );
    if (implied(roles, implies).has(name))
      report({ path: ['roles', name], atKey: true, message: `role "${name}" implies itself` });
  }
}

/** Every role that these stand for. Ends on a cycle too, so that the cycle can be reported. */
export function implied(roles: RulebookContent['roles']['roles'], names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...((Object.hasOwn(roles, name) ? roles[name]?.implies : undefined) ?? []));
  }
  return found;
}

function checkTiers({ tiers: { tiers: rows }, roles }: RulebookContent, known: Known, report: Report): void {
  for (const tier of ['T1', 'T2', 'T3'] as const) {
    const row = rows[tier];
    checkFactors(row.approvals, { path: ['tiers', tier, 'approvals'], roles, known, report });
    row.treatment_relationship.forEach((purpose, at) =>
      mustBeKnown(report, 'purpose', purpose, {
        path: ['tiers', tier, 'treatment_relationship', at],
        known: known.purposes,
      }),
    );
  }
  for (const tier of tiers) {
    // The database holds no warrant longer than an hour.
    if (seconds(rows[tier].warrant.life) > 3_600)
      report({ path: ['tiers', tier, 'warrant', 'life'], message: 'a warrant lives an hour at most' });
  }
  for (const [lower, higher] of [
    ['T0', 'T1'],
    ['T1', 'T2'],
    ['T2', 'T3'],
  ] as const) {
    if (seats(rows[higher].approvals) < seats(rows[lower].approvals))
      report({ path: ['tiers', higher, 'approvals'], message: `asks fewer people than ${lower}` });
    if (seconds(rows[higher].warrant.life) > seconds(rows[lower].warrant.life))
      report({ path: ['tiers', higher, 'warrant', 'life'], message: `is longer than that of ${lower}` });
  }
}

interface FactorRow {
  readonly role: string;
  readonly count: number;
  readonly or?: readonly string[] | undefined;
}

function seats(approvals: 'nobody' | readonly FactorRow[]): number {
  return approvals === 'nobody' ? 0 : approvals.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Every role exists, and no alternative makes another role of its row needless: who asks for a senior clinician or a
 * clinician asks for a clinician.
 */
function checkFactors(
  rows: readonly FactorRow[],
  at: { path: Path; roles: RulebookContent['roles']; known: Known; report: Report },
): void {
  const { path, roles, known, report } = at;
  rows.forEach(({ role, or = [] }, row) => {
    mustBeKnown(report, 'role', role, { path: [...path, row, 'role'], known: known.roles });
    or.forEach((other, place) => {
      const here = [...path, row, 'or', place];
      mustBeKnown(report, 'role', other, { path: here, known: known.roles });
      const needless = [role, ...or.slice(0, place)].find(
        (each) => implied(roles.roles, [each]).has(other) || implied(roles.roles, [other]).has(each),
      );
      if (needless !== undefined)
        report({ path: here, message: `"${other}" beside "${needless}": one of them stands for the other` });
    });
  });
}

function checkElements({ elements }: RulebookContent['elements'], report: Report): void {
  for (const [name, { tier, sensitivity, read }] of Object.entries(elements)) {
    if (sensitivity === 'phi' && tier === 'T0')
      report({ path: ['elements', name, 'tier'], message: 'PHI is never T0: somebody must be asked' });
    read?.searches.forEach(({ type, params, date }, at) => {
      const path = ['elements', name, 'read', 'searches', at];
      if (date && Object.hasOwn(params, date.param))
        report({ path: [...path, 'date', 'param'], message: `"${date.param}" has a value of its own already` });
      if (!read.scopes.some((scope) => scope.startsWith(`system/${type}.`)))
        report({ path: [...path, 'type'], message: `no scope of this element covers ${type}` });
      const bound = Object.values(params).includes('{patient}');
      if (bound !== (sensitivity === 'phi'))
        report({ path, message: bound ? 'names a patient, yet is no PHI' : 'PHI is searched by patient only' });
    });
  }
}

/** A longer memory than this nobody needs to tell a bulk read. */
const longestVolume = 31 * 24 * 3_600;

function checkRaising(raising: RulebookContent['tiers']['raising'], known: Known, report: Report): void {
  const ids = raising.map(({ id }) => id);
  raising.forEach((row, at) => {
    const path = ['raising', at];
    if (ids.indexOf(row.id) < at) report({ path: [...path, 'id'], message: `duplicate rule id "${row.id}"` });
    if (row.when === 'whole_chart')
      row.elements.forEach((element, place) =>
        mustBeKnown(report, 'element', element, { path: [...path, 'elements', place], known: known.elements }),
      );
    if (row.when === 'volume' && seconds(row.within) > longestVolume)
      report({ path: [...path, 'within'], message: 'counts 31 days at most' });
  });
  for (const when of ['unnamed_label', 'outside_minimum_necessary', 'volume', 'whole_chart', 'destination'] as const)
    if (!raising.some((row) => row.when === when))
      report({ path: ['raising'], atKey: true, message: `nothing raises for "${when}"` });
}

/** Both show as `tier.raised:<id>`. */
function checkQuotas({ quotas: { quotas }, tiers: { raising } }: RulebookContent, report: Report): void {
  for (const id of Object.keys(quotas))
    if (raising.some((rule) => rule.id === id))
      report({ path: ['quotas', id], atKey: true, message: `a raising rule is called "${id}" already` });
}

/** One row for each purpose and role, so that the row that verifies a request is the only one that could. */
function checkMinimumNecessary(content: RulebookContent, known: Known, report: Report): void {
  const { routine } = content['minimum-necessary'];
  const agentRoles = [...new Set(Object.values(content.vocabulary.agents))];
  const taken = new Map<string, string>();
  for (const [id, { purpose, agent_role: role, elements }] of Object.entries(routine)) {
    const path = ['routine', id];
    mustBeKnown(report, 'purpose', purpose, { path: [...path, 'purpose'], known: known.purposes });
    mustBeKnown(report, 'agent', role, { path: [...path, 'agent_role'], known: agentRoles });
    const other = taken.get(`${purpose} ${role}`);
    if (other !== undefined)
      report({ path, atKey: true, message: `"${other}" is about this purpose and role already` });
    taken.set(`${purpose} ${role}`, id);
    for (const [element, back] of Object.entries(elements)) {
      const here = [...path, 'elements', element];
      if (!known.elements.includes(element))
        report({
          path: here,
          atKey: true,
          message: `unknown element "${element}"`,
          word: element,
          known: known.elements,
        });
      const searches = content.elements.elements[element]?.read?.searches ?? [];
      if (back !== 'undated' && searches.some(({ date }) => date === undefined))
        report({ path: here, message: `a search of "${element}" has no date to bound: say undated` });
    }
  }
}

/** The lowest tier that an action may have by what it performs, and by where its output goes. */
const floors: Record<string, Tier> = { 'ehr.write': 'T1', 'ehr.export': 'T2', 'ehr.delete': 'T3', external: 'T2' };

function checkActions(content: RulebookContent, known: Known, report: Report): void {
  for (const [name, row] of Object.entries(content.actions.actions)) {
    const path = ['actions', name];
    if (row.elements !== 'listed_by_caller')
      row.elements.forEach((element, at) =>
        mustBeKnown(report, 'element', element, { path: [...path, 'elements', at], known: known.elements }),
      );
    row.purposes.forEach((purpose, at) =>
      mustBeKnown(report, 'purpose', purpose, { path: [...path, 'purposes', at], known: known.purposes }),
    );
    mustBeKnown(report, 'record class', row.record_class, {
      path: [...path, 'record_class'],
      known: known.recordClasses,
    });
    for (const kind of [row.performs, row.destination]) {
      const floor = floors[kind];
      if (floor !== undefined && row.tier < floor)
        report({ path: [...path, 'tier'], message: `${kind} is ${floor} at least` });
    }
    if (row.approvals) checkContractApprovals(content, { ...row, approvals: row.approvals }, { path, known, report });
  }
}

type ActionRow = RulebookContent['actions']['actions'][string];

/** A contract may ask others than its tier does, never fewer and never fewer of a kind. */
function checkContractApprovals(
  { tiers: { tiers: rows }, roles }: RulebookContent,
  { tier, performs, approvals }: ActionRow & { readonly approvals: NonNullable<ActionRow['approvals']> },
  at: { path: Path; known: Known; report: Report },
): void {
  const { known, report } = at;
  const path = [...at.path, 'approvals'];
  checkFactors(approvals, { path, roles, known, report });
  approvals.forEach(({ order }, row) => {
    if (order && !writes(performs))
      report({ path: [...path, row, 'order'], message: `${performs} changes nothing that somebody could order` });
  });
  const ofTier = rows[tier].approvals;
  if (ofTier === 'nobody') return report({ path, atKey: true, message: `${tier} asks nobody` });
  if (seats(approvals) < seats(ofTier)) return report({ path, message: `asks fewer people than ${tier}` });
  const countAs = (role: string, factors: readonly FactorRow[]) =>
    seats(factors.filter((factor) => implied(roles.roles, [factor.role]).has(role)));
  for (const role of new Set(ofTier.map((factor) => factor.role)))
    if (countAs(role, approvals) < countAs(role, ofTier))
      report({ path, message: `asks fewer who count as "${role}" than ${tier}` });
}

function checkVocabulary(vocabulary: RulebookContent['vocabulary'], known: Known, report: Report): void {
  for (const table of ['resources', 'categories'] as const)
    for (const [word, { elements = [] }] of Object.entries(vocabulary[table]))
      elements.forEach((element, at) =>
        mustBeKnown(report, 'element', element, { path: [table, word, 'elements', at], known: known.elements }),
      );
  for (const [word, element] of Object.entries(vocabulary.fields))
    mustBeKnown(report, 'element', element, { path: ['fields', word], known: known.elements });
  // A core term means itself: an alias of the same name would let a policy say one thing and do another.
  const own = { fields: known.elements, purposes: known.purposes, agents: Object.values(vocabulary.agents) };
  for (const table of ['fields', 'purposes', 'agents'] as const)
    for (const [word, stands] of Object.entries(vocabulary[table]))
      if (word !== stands && own[table].includes(word))
        report({ path: [table, word], message: `"${word}" stands for itself already` });
  vocabulary.break_glass.forEach((purpose, at) =>
    mustBeKnown(report, 'purpose', purpose, { path: ['break_glass', at], known: known.purposes }),
  );
}
