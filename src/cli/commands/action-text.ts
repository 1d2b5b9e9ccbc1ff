/** Actions for the terminal. */
import { table, type Paint } from '../terminal.js';
import { shownLetters } from './find-id.js';
import { fromNow, localTime } from './local-time.js';
import { printable } from './printable.js';
import { needsText, type ActionView } from './views.js';

const colours: Readonly<Record<string, Parameters<Paint>[0]>> = {
  completed: 'green',
  awaiting_approval: 'yellow',
  outcome_unknown: 'red',
  failed: 'red',
  withheld: 'red',
  refused: 'red',
  denied: 'red',
};

export function statusText(status: string, paint: Paint): string {
  const colour = colours[status];
  return colour === undefined ? printable(status) : paint(colour, printable(status));
}

/** Newest first, as the API gives them. */
export function actionLines(actions: readonly ActionView[], now: number): string[] {
  if (actions.length === 0) return ['No actions.'];
  const rows = actions.map(({ id, type, tier, status, agent, createdAt, deadline }) =>
    [
      id.slice(0, shownLetters),
      type,
      tier ?? '–',
      status,
      agent,
      fromNow(createdAt, now),
      status === 'awaiting_approval' && deadline !== null ? fromNow(deadline, now) : '',
    ].map(printable),
  );
  return table([['ID', 'TYPE', 'TIER', 'STATUS', 'AGENT', 'ASKED', 'DEADLINE'], ...rows]);
}

export function actionDetails(view: ActionView, now: number): string[] {
  const when = (instant: string) => `${localTime(instant)} (${fromNow(instant, now)})`;
  const rows: (readonly [string, string])[] = [
    ['Action', view.id],
    ['Type', view.type],
    ['Status', view.status],
    ['Tier', view.tier ?? '–'],
    ['Needs', needsText(view.needs)],
    ['Agent', view.agent],
    ['Purpose', view.purpose],
    ['Elements', view.elements.join(', ') || 'none'],
    ['Asked', when(view.createdAt)],
    ...(view.deadline === null ? [] : [['Deadline', when(view.deadline)] as const]),
    ...(view.concludedAt === null ? [] : [['Ended', when(view.concludedAt)] as const]),
    ...(view.retention === null ? [] : [['Kept', `until ${view.retention.date}, as ${view.retention.class}`] as const]),
  ];
  return table(rows.map((row) => row.map(printable)));
}
