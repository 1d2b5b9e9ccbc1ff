/** Approvals for the terminal: everything that a vote binds, and nothing that could hide some of it. */
import { meanings } from '../../approval/decision.js';
import { table } from '../terminal.js';
import type { Approval, Waiting } from './approval-view.js';
import type { Chosen } from './ballot-check.js';
import { shownLetters } from './find-id.js';
import { fromNow, localTime } from './local-time.js';
import { printable } from './printable.js';
import { needsText } from './views.js';

export function waitingLines(waiting: readonly Waiting[], now: number): string[] {
  if (waiting.length === 0) return ['Nothing waits for you.'];
  const rows = waiting.map(({ id, type, tier, agent, purpose, may, deadline }) =>
    [
      id.slice(0, shownLetters),
      type,
      tier ?? '–',
      agent,
      purpose,
      may.roles.join(', '),
      deadline === null ? '' : fromNow(deadline, now),
    ].map(printable),
  );
  return table([['ID', 'TYPE', 'TIER', 'AGENT', 'PURPOSE', 'YOU ACT AS', 'DEADLINE'], ...rows]);
}

const worded = [
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
];

/** Exactly what is asked. */
export function approvalLines(approval: Approval, now: number): string[] {
  const { shown } = approval;
  const fields = (title: string, values: Readonly<Record<string, unknown>>) =>
    Object.entries(values).map(([name, value]): readonly [string, string] => [`${title} ${name}`, textOf(value)]);
  const others = Object.entries(shown).filter(([name]) => !worded.includes(name));
  const rows: (readonly [string, string])[] = [
    ['Action', approval.id],
    ['Asked', shown.title],
    ...shown.effects.map((effect): readonly [string, string] => ['Changes', effect]),
    ['Type', `${shown.type}, tier ${approval.tier ?? '–'}`],
    ['Agent', shown.agent],
    ['For', `${approval.principalName} (${shown.principal})`],
    ...fields('Input', shown.input),
    ['Elements', shown.elements.join(', ') || 'none'],
    ['Purpose', shown.purpose],
    ['Reason', shown.reason ?? 'none given'],
    ...fields('Why', shown.justifications),
    ...(shown.riskAssessment === null ? [] : [['Risk', shown.riskAssessment] as const]),
    ...fields('Also', Object.fromEntries(others)),
    ['Needs', needsText(approval.needs)],
    ['You act as', approval.may.roles.join(', ')],
    ...(approval.deadline === null
      ? []
      : [['Deadline', `${localTime(approval.deadline)} (${fromNow(approval.deadline, now)})`] as const]),
  ];
  return table(rows.map((row) => row.map(printable)));
}

/** What the signature will stand for, in the words that this program knows for it. */
export function signingLines({ verdict, meaning, reason }: Chosen): string[] {
  return [
    `Your signature will say (${verdict}): “${meanings[meaning]}”`,
    ...(reason === undefined ? [] : [`Your reason: ${printable(reason)}`]),
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
