/** Approvals for the terminal: everything that a vote binds, and nothing that could hide some of it. */
import { meanings } from '../../approval/decision.js';
import { table } from '../terminal.js';
import { changeView, type Approval, type ChangeView, type Waiting } from './approval-view.js';
import { attachmentText } from './attachment-text.js';
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
  'change',
];

/** Exactly what is asked. */
export function approvalLines(approval: Approval, now: number): string[] {
  const { shown } = approval;
  const fields = (title: string, values: Readonly<Record<string, unknown>>) =>
    Object.entries(values).map(([name, value]): readonly [string, string] => [`${title} ${name}`, textOf(value)]);
  const others = Object.entries(shown).filter(([name]) => !worded.includes(name));
  const kind: (readonly [string, string])[] =
    approval.kind === 'resolution'
      ? [['Unknown', 'the EHR gave no answer to this write: look into the record and say whether it is there']]
      : [];
  const change = changeView.safeParse(shown.change).data;
  const rows: (readonly [string, string])[] = [
    ['Action', approval.id],
    ...kind,
    ['Asked', shown.title],
    ...(change ? identityRows(change) : []),
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
    ...(change ? changeRows(change) : fields('What', 'change' in shown ? { changes: shown.change } : {})),
    ...fields('Also', Object.fromEntries(others)),
    ['Needs', needsText(approval.needs)],
    ['You act as', approval.may.roles.join(', ')],
    ...(approval.deadline === null
      ? []
      : [['Deadline', `${localTime(approval.deadline)} (${fromNow(approval.deadline, now)})`] as const]),
  ];
  return table(rows.map((row) => row.map(printable)));
}

/** Whose record and which one, in the EHR's own words. */
function identityRows({ patient, record }: ChangeView): (readonly [string, string])[] {
  const { name, coded, date, status, text } = record;
  return [
    [
      'Patient',
      `${patient.name ?? nameless}, ${patient.birthDate === null ? 'birth date not given' : `born ${patient.birthDate}`}`,
    ],
    ['Record', `${name ?? nameless}${date ? `, ${date.word} ${date.on}` : ''}`],
    ...(coded === null ? [] : [['', `coded as ${coded}`] as const]),
    ...(status === null ? [] : [['', `status ${status}`] as const]),
    ...(text === null ? [] : [['', text] as const]),
  ];
}

const nameless = '(the EHR gives no name)';

/** Field by field, before and after; what somebody else changed since the last version that was shown stands first. */
function changeRows({
  target,
  base,
  changes,
  meanwhile = [],
  proposal,
  patient: _patient,
  record: _record,
  ...more
}: ChangeView): (readonly [string, string])[] {
  const lines = (label: string, fields: ChangeView['changes']) =>
    fields.flatMap(({ path, before, after }): (readonly [string, string])[] => [
      ...sideRows(`${label} ${path}`, '-', before, attachmentText(path, before)),
      ...sideRows('', '+', after, attachmentText(path, after)),
    ]);
  return [
    ['Rests on', `${target}, version ${base}`],
    ...lines('Meanwhile', meanwhile),
    ...lines('Change', changes),
    ['Whole new version', `commitment ${proposal}`],
    ...Object.entries(more).map(([name, value]): readonly [string, string] => [`Change ${name}`, textOf(value)]),
  ];
}

/** A document's text line by line, so that a line which changes is found; its base64, which is signed, in `--json`. */
function sideRows(label: string, sign: '-' | '+', value: unknown, text?: string): (readonly [string, string])[] {
  if (text === undefined) return [[label, `${sign} ${valueText(value)}`]];
  return text.split('\n').map((line, at) => [at === 0 ? label : '', `${sign} ${line}`]);
}

function valueText(value: unknown): string {
  return value === null ? '(nothing)' : textOf(value);
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
