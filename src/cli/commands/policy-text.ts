/** What the policy tools found, in lines for people who write policies. */
import type { SampleAnswer } from '../../policy/study/answer.js';
import type { AmountChange } from '../../policy/study/beyond-requests.js';
import type { CaseResult } from '../../policy/study/cases.js';
import { widens, type ChangeKind } from '../../policy/study/change-kind.js';
import type { Difference } from '../../policy/study/diff.js';
import type { Explanation, Step } from '../../policy/study/explain.js';
import type { InvariantResult } from '../../policy/study/invariants.js';
import type { Sample } from '../../policy/study/sample.js';
import { seatsOf } from '../../policy/study/seats.js';
import type { SimulatedChange } from '../../policy/study/simulate.js';
import { spokenAttributes, type SpokenAttribute } from '../../policy/spoken.js';
import type { Warning } from '../../rulebook/load.js';
import { problemLine, type Problem } from '../../rulebook/problem.js';
import { table, type Paint } from '../terminal.js';

export function errorLine(problem: Problem, paint: Paint): string {
  return `${paint('red', 'error')}    ${problemLine(problem)}`;
}

/** The warning, and below it what to paste into the policy. */
export function warningLines({ paste, ...problem }: Warning, paint: Paint): string[] {
  const below = paste === undefined ? [] : paste.trimEnd().split('\n').map((line) => `           ${line}`); // prettier-ignore
  return [`${paint('yellow', 'warning')}  ${problemLine(problem)}`, ...below];
}

const invariantWords = { holds: ['green', 'holds'], idle: ['green', 'holds'], broken: ['red', 'BROKEN'] } as const;

export function invariantLines({ name, status, counterexample }: InvariantResult, paint: Paint): string[] {
  const [colour, text] = invariantWords[status];
  const idle = status === 'idle' ? paint('dim', ' (nothing here is of that kind)') : '';
  const lines = [`${paint(colour, text.padEnd(7))}  ${name}${idle}`];
  if (counterexample === undefined) return lines;
  const { request, tier, seats } = counterexample;
  const asks = tier === undefined ? '' : `, as ${tier}, signed by ${listText(seats ?? [], 'nobody')}`;
  return [...lines, `         allowed all the same: ${sampleText(request)}${asks}`];
}

export function caseLines({ name, differences, answer }: CaseResult, place: string, paint: Paint): string[] {
  return [
    `${paint('red', 'FAILED')}   ${place}: ${name}`,
    ...differences.map(({ what, expected, got }) => `         ${what}: expected ${expected}, got ${got}`),
    ...(answer.effect === 'deny' ? [`         denied by: ${answer.rules.join(', ')}`] : []),
  ];
}

/** `medications.read of current_medications: purpose TREAT, role clinician`. */
export function sampleText(sample: Sample): string {
  const { type, verb, phase, elements, claimed_tier: claimed } = sample;
  const what = type ?? (phase === 'output' ? `output of a ${verb ?? 'read'}` : (verb ?? 'read'));
  const of = elements === undefined ? '' : ` of ${listText([elements].flat(), 'nothing')}`;
  const said = Object.values(spokenAttributes).flatMap((key) => attributeText(key, sample[key]));
  const lacks = (['reason', 'justifications', 'risk_assessment'] as const).filter((key) => sample[key] === false);
  const rest = [...said, ...lacks.map((key) => `no ${wordText(key)}`), ...(claimed ? [`claimed as ${claimed}`] : [])];
  return `${what}${of}${rest.length > 0 ? `: ${rest.join(', ')}` : ''}`;
}

function attributeText(key: SpokenAttribute, value: Sample[SpokenAttribute]): string[] {
  if (value === undefined) return [];
  if (typeof value === 'boolean') return [value ? wordText(key) : `no ${wordText(key)}`];
  return [`${wordText(key)} ${typeof value === 'string' ? value : listText(value, 'none', '+')}`];
}

function wordText(key: string): string {
  return key.replaceAll('_', ' ');
}

function listText(words: readonly string[], none: string, between = ', '): string {
  return words.length === 0 ? none : words.join(between);
}

/** Why, and what would turn it round. */
export function explanationLines({ answer, changes, exhaustive }: Explanation, paint: Paint): string[] {
  const { effect, rules, nearMisses, obligations, terms, why } = answer;
  const rows = [
    ...(terms ? termRows(terms) : []),
    ...(why.length > 0 ? [['Tier says', why.map((said) => `${said.tier} ${said.why}`).join(', ')]] : []),
    [effect === 'allow' ? 'Rules' : 'Against', rules.join(', ')],
    ...(obligations.length > 0 ? [['Must', obligations.join(', ')]] : []),
  ];
  return [
    headline(answer, paint),
    ...table(rows).map((line) => `  ${line}`),
    ...(nearMisses.length > 0 ? ['', 'Rules that would allow it, and what they miss:'] : []),
    ...table(
      nearMisses.map(({ rule, unmet }) => [`  ${rule}`, unmet.map((each) => spokenAttributes[each]).join(', ')]),
    ),
    '',
    ...changeLines(effect, changes, exhaustive),
  ];
}

function headline({ effect, terms }: SampleAnswer, paint: Paint): string {
  if (effect === 'deny') return paint('red', 'Denied.');
  const seats = terms ? seatsOf(terms.needs) : [];
  if (seats.length === 0) return paint('green', 'Allowed.');
  return paint('green', `Allowed, once ${seats.join(' and ')} ${seats.length > 1 ? 'have' : 'has'} signed.`);
}

type Terms = NonNullable<SampleAnswer['terms']>;

const proofWords: Readonly<Record<Terms['proof'], string>> = {
  none: '',
  sign_in: ', each by a sign-in',
  passkey: ', each by passkey',
  fresh_passkey: ', each by a fresh passkey sign-in',
};

function termRows({ tier, needs, proof, deadlineSeconds, warrantSeconds, maxRecords }: Terms): string[][] {
  const within = deadlineSeconds === undefined ? '' : `, within ${duration(deadlineSeconds)}`;
  return [
    ['Tier', tier],
    ['Asks', `${listText(seatsOf(needs), 'nobody')}${proofWords[proof]}${within}`],
    ['Warrant', `${duration(warrantSeconds)}, ${maxRecords} records at most`],
  ];
}

function duration(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

const most = 12;

function changeLines(effect: SampleAnswer['effect'], changes: Explanation['changes'], exhaustive: boolean): string[] {
  const turned = effect === 'allow' ? 'denied' : 'allowed';
  if (changes.length === 0)
    return [
      exhaustive
        ? `Nothing that the request could say would have it ${turned}.`
        : `No small change of the request would have it ${turned}.`,
    ];
  const shown = changes.slice(0, most).map((steps) => `  ${steps.map(stepText).join('; ')}`);
  const more = changes.length > most ? [`  and ${changes.length - most} more`] : [];
  return [`It would be ${turned} with${changes.length > 1 ? ' any of' : ''}:`, ...shown, ...more];
}

function stepText({ key, how, values }: Step): string {
  const words = values.length > 6 ? `${values.slice(0, 6).join(' or ')} or another` : values.join(' or ');
  if (how === 'without') return `${wordText(key)} without ${words}`;
  return how === 'with' ? `${wordText(key)} also ${words}` : `${wordText(key)}: ${truthText(words)}`;
}

function truthText(words: string): string {
  return words === 'true' ? 'yes' : words === 'false' ? 'no' : words;
}

const kindWords: Readonly<Record<ChangeKind, string>> = {
  allowed: 'allowed now',
  tier_lower: 'of a lower tier now',
  asks_less: 'asks less of people now',
  asks_others: 'asks other people now',
  duty_gone: 'obliges to less now',
  warrant_wider: 'gets a wider warrant now',
  denied: 'denied now',
  tier_higher: 'of a higher tier now',
  asks_more: 'asks more of people now',
  duty_new: 'obliges to more now',
  warrant_narrower: 'gets a narrower warrant now',
};

/** What widens first; of each kind the smallest requests. */
export function differenceLines(differences: readonly Difference[], paint: Paint, limit: number): string[] {
  const kinds = [...new Set(differences.map(({ kind }) => kind))].sort((a, b) => Number(widens(b)) - Number(widens(a)));
  return kinds.flatMap((kind, at) => {
    const own = differences.filter((each) => each.kind === kind);
    const more = own.length > limit ? [`  and ${own.length - limit} more; --all shows them`] : [];
    return [
      ...(at > 0 ? [''] : []),
      paint(widens(kind) ? 'red' : 'yellow', `${own.length} ${kindWords[kind]}`),
      ...own.slice(0, limit).flatMap(({ request, before, after }) => [
        `  ${sampleText(request)}`,
        ...table([
          ['    before', answerText(before)],
          ['    after', answerText(after)],
        ]),
      ]),
      ...more,
    ];
  });
}

/** Wider ones first. */
export function amountLines(amounts: readonly AmountChange[], paint: Paint): string[] {
  return [true, false].flatMap((wider) => {
    const own = amounts.filter((each) => each.wider === wider);
    if (own.length === 0) return [];
    const rows = own.map(({ what, before, after }) => [`  ${what}`, `${before} → ${after}`]);
    return [
      paint(
        wider ? 'red' : 'yellow',
        `${own.length} ${own.length === 1 ? 'amount' : 'amounts'} ${wider ? 'wider' : 'narrower'} now`,
      ),
      ...table(rows),
    ];
  });
}

export function simulatedLines(changes: readonly SimulatedChange[], paint: Paint, limit: number): string[] {
  const differences = changes.flatMap(({ kinds, name, ...rest }) => kinds.map((kind) => ({ kind, name, ...rest })));
  const kinds = [...new Set(differences.map(({ kind }) => kind))].sort((a, b) => Number(widens(b)) - Number(widens(a)));
  return kinds.flatMap((kind) => {
    const own = differences.filter((each) => each.kind === kind);
    const more = own.length > limit ? [`  and ${own.length - limit} more; --all shows them`] : [];
    const rows = own
      .slice(0, limit)
      .map(({ name, request, before, after }) => [
        `  ${name}`,
        sampleText(request),
        `${answerText(before)} → ${answerText(after)}`,
      ]);
    return [paint(widens(kind) ? 'red' : 'yellow', `${own.length} ${kindWords[kind]}`), ...table(rows), ...more];
  });
}

function answerText({ effect, rules, obligations, terms }: SampleAnswer): string {
  if (effect === 'deny') return `denied: ${rules.join(', ')}${dutyText(obligations)}`;
  if (terms === undefined) return `allowed: ${rules.join(', ')}${dutyText(obligations)}`;
  const { tier, needs, proof, warrantSeconds, maxRecords } = terms;
  const asks = `signed by ${listText(seatsOf(needs), 'nobody')}${proofWords[proof]}`;
  return `${tier}, ${asks}; warrant of ${duration(warrantSeconds)}, ${maxRecords} records`;
}

function dutyText(obligations: SampleAnswer['obligations']): string {
  return obligations.length === 0 ? '' : `; must ${obligations.join(', ')}`;
}
