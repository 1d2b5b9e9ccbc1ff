/** The text shown, whole: nothing of it is folded away, and what this page knows no words for comes as JSON. */
import type { Approval } from './approval.js';
import { changeView } from './change-view.js';
import { element, facts, valueOf } from './element.js';
import { identityRows } from './identity-view.js';
import { isObject, type JsonObject } from './json.js';
import { localTime } from './local-time.js';

type Row = readonly [name: string, value: HTMLElement | string];

/** Members of `shown` that have a place of their own below. */
const worded: readonly string[] = [
  'title',
  'effects',
  'type',
  'elements',
  'input',
  'purpose',
  'reason',
  'justifications',
  'riskAssessment',
  'agent',
  'principal',
  'change',
];

export function approvalView(approval: Approval): readonly HTMLElement[] {
  const { shown, tier, principalName, needs, deadline, roles } = approval;
  const others = Object.fromEntries(Object.entries(shown).filter(([name]) => !worded.includes(name)));
  return [
    section(
      'What is asked',
      element('p', { class: 'asked' }, valueOf(shown['title'])),
      ...listSection('It will', shown['effects']),
      facts([
        ...identityRows(shown['change']),
        ['Type', valueOf(shown['type'])],
        ['Tier', tier ?? 'none'],
        ['Agent', valueOf(shown['agent'])],
        ['For', principalName],
        ['Principal', valueOf(shown['principal'])],
        ['Purpose', valueOf(shown['purpose'])],
        ['Elements', wordsOf(shown['elements'])],
        ['Needs', needs],
        ['You may act as', roles.join(', ')],
        ['Until', deadline === null ? 'no deadline' : localTime(deadline)],
      ]),
    ),
    ...('change' in shown ? [section('What changes in the record', changeView(shown['change']))] : []),
    section('What the agent sent', membersOf(shown['input'])),
    section(
      'Why',
      facts([
        ['Reason', shown['reason'] === null ? 'none given' : valueOf(shown['reason'])],
        ...justificationRows(shown['justifications']),
        ['Risk assessment', shown['riskAssessment'] === null ? 'none given' : valueOf(shown['riskAssessment'])],
      ]),
    ),
    ...(Object.keys(others).length > 0 ? [section('Also part of what you sign', membersOf(others))] : []),
    section(
      'What your signature binds',
      facts([
        ['Action', approval.id],
        ['Revision', String(approval.revision)],
        ['Request', digest(approval.requestCommitment)],
        ['Text shown', digest(approval.displayCommitment)],
        ['Rulebook', digest(approval.rulebook)],
      ]),
    ),
  ];
}

export function section(title: string, ...content: readonly Node[]): HTMLElement {
  return element('section', {}, element('h2', {}, title), ...content);
}

function digest(text: string): HTMLElement {
  return element('code', {}, text);
}

/** An empty list says nothing; anything that is no list of texts is shown as it is. */
function listSection(title: string, value: unknown): readonly HTMLElement[] {
  if (!isTexts(value)) return [element('p', {}, title, ' ', valueOf(value))];
  if (value.length === 0) return [];
  return [element('p', {}, `${title}:`), element('ul', {}, ...value.map((each) => element('li', {}, valueOf(each))))];
}

function wordsOf(value: unknown): HTMLElement | string {
  if (!isTexts(value)) return valueOf(value);
  return value.join(', ') || 'none';
}

function justificationRows(value: unknown): readonly Row[] {
  if (!isObject(value)) return [['Justifications', valueOf(value)]];
  return Object.entries(value).map(([name, text]) => [`Why ${name}`, valueOf(text)]);
}

function membersOf(value: unknown): HTMLElement {
  if (!isObject(value)) return valueOf(value);
  const rows = rowsOf(value);
  return rows.length === 0 ? element('p', {}, 'Nothing.') : facts(rows);
}

function rowsOf(value: JsonObject): readonly Row[] {
  return Object.entries(value).map(([name, each]) => [name, valueOf(each)]);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
