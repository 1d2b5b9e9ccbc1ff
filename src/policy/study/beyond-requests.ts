/**
 * What two rulebooks say that no single request tells: amounts of which more is wider, and all the rest, which nothing
 * here compares and which is named. Whatever is not known to be told by answers counts as not compared.
 */
import { durationSchema, seconds } from '../../rulebook/duration.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import { documentNames } from '../../rulebook/schema.js';
import type { CompiledPolicy } from '../core.js';

export interface AmountChange {
  /** `quotas.yaml: quotas.agent_hour.limit`. */
  readonly what: string;
  readonly wider: boolean;
  /** As written; `none` where the row, and with it the bound, is not there. */
  readonly before: string;
  readonly after: string;
}

export interface BeyondRequests {
  readonly amounts: readonly AmountChange[];
  /** Places that differ and were not compared: `tiers.yaml: tiers.T1.deadline`. */
  readonly notCompared: readonly string[];
}

export function compareBeyondRequests(before: Rulebook, after: Rulebook): BeyondRequests {
  const [was, is] = [leavesOfRulebook(before), leavesOfRulebook(after)];
  const amounts = new Map<string, AmountChange>();
  const notCompared: string[] = [];
  for (const path of [...new Set([...was.keys(), ...is.keys()])].sort()) {
    const [one, other] = [was.get(path), is.get(path)];
    if (JSON.stringify(one) === JSON.stringify(other)) continue;
    const bound = rowOf(path, bounds);
    if (isAnswered(path) || answeredRows.some((rows) => isInOneOnly(rowOf(path, [rows]), was, is))) continue;
    if (isInOneOnly(bound, was, is)) {
      const gone = one !== undefined;
      amounts.set(bound, { what: shown(bound), wider: gone, before: gone ? 'bound' : 'none', after: gone ? 'none' : 'bound' }); // prettier-ignore
    } else if (isAmount(path))
      amounts.set(path, { what: shown(path), wider: amountOf(other) > amountOf(one), before: textOf(one), after: textOf(other) }); // prettier-ignore
    else notCompared.push(shown(path));
  }
  return { amounts: [...lookingBack(before.policy, after.policy), ...amounts.values()], notCompared };
}

/**
 * A longer look-back meets more grants and exceptions. Where a deny asks what came before it meets more of those too:
 * then either direction may allow more. Where only one policy looks back, its rules are told apart by their answers.
 */
function lookingBack(before: CompiledPolicy, after: CompiledPolicy): AmountChange[] {
  const [one, other] = [before.precededWithinSeconds, after.precededWithinSeconds];
  if (one === undefined || other === undefined || one === other) return [];
  const denied = [before, after].some(({ denies }) =>
    denies.some(({ conditions }) => conditions.some((each) => each.attribute === 'precededBy' && 'anyOf' in each)),
  );
  const what = 'policy.yaml: preceded_within';
  return [{ what, wider: denied || other > one, before: `${one} s`, after: `${other} s` }];
}

type Leaves = ReadonlyMap<string, unknown>;

/** Everything but the policy, which is told by its answers alone; by path, its steps between slashes. */
function leavesOfRulebook({ content }: Rulebook): Leaves {
  const { raising, ...tiers } = content.tiers;
  const routine = Object.values(content['minimum-necessary'].routine);
  const keyed = {
    ...content,
    tiers: { ...tiers, raising: Object.fromEntries(raising.map((row) => [`${row.when}/${row.id}`, row])) },
    /** Whoever asks finds a row by these, not by its id. */
    'minimum-necessary': Object.fromEntries(
      routine.map(({ purpose, agent_role, elements, ...row }) => {
        const days = Object.entries(elements).map(([name, back]) => [name, back === 'undated' ? back : back.days]);
        return [`${purpose}.${agent_role}`, { ...row, elements: Object.fromEntries(days) }];
      }),
    ),
  };
  const names = documentNames.filter((name) => name !== 'policy');
  return new Map(names.flatMap((name) => leavesOf(keyed[name], name)));
}

/** Lists are leaves. */
function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, `${path}/${key}`));
}

/** Told by answers to requests, or prose that decides nothing. */
const answered: readonly RegExp[] = [
  /^tiers\/tiers\/[^/]+\/meaning$/,
  /^tiers\/raising\/[^/]+\/[^/]+\/(id|reason)$/,
  /^roles\/roles\/[^/]+\/meaning$/,
  /^quotas\/quotas\/[^/]+\/reason$/,
  /^minimum-necessary\/[^/]+\/reason$/,
  /^retention\/record_classes\/[^/]+\/citation$/,
  /^vocabulary\//,
  /^tiers\/tiers\/[^/]+\/(approvals|requires|treatment_relationship|proof\/method|proof\/fresh|warrant\/life)$/,
  /^tiers\/raising\/(destination|outside_minimum_necessary)\//,
  /^tiers\/raising\/whole_chart\/[^/]+\/elements$/,
  /^elements\/elements\/[^/]+\/(tier|sensitivity)$/,
  /^actions\/actions\/[^/]+\/(tier|elements|purposes|destination|approvals)$/,
];

/** Rows of which answers tell that they are gone or new. */
const answeredRows: readonly RegExp[] = [
  /^actions\/actions\/[^/]+\//,
  /^elements\/elements\/[^/]+\//,
  /^elements\/elements\/[^/]+\/read\//,
  /^minimum-necessary\/[^/]+\//,
  /^minimum-necessary\/[^/]+\/elements\/[^/]+$/,
];

/** Rows that only ever refuse or raise: without one, more is allowed or less asked. */
const bounds: readonly RegExp[] = [
  /^quotas\/quotas\/[^/]+\//,
  /^tiers\/raising\/(unnamed_label|volume|whole_chart)\/[^/]+\//,
];

/** The more, the wider. */
const more: readonly RegExp[] = [
  /^tiers\/tiers\/[^/]+\/warrant\/(uses|records|bytes)$/,
  /^tiers\/relationship_reuse$/,
  /^tiers\/raising\/(volume|whole_chart)\/[^/]+\/more_than$/,
  /^quotas\/quotas\/[^/]+\/limit$/,
  /^elements\/elements\/[^/]+\/read\/max_records$/,
  /^minimum-necessary\/[^/]+\/(records$|elements\/)/,
];

function isAnswered(path: string): boolean {
  return answered.some((pattern) => pattern.test(path));
}

function isAmount(path: string): boolean {
  return more.some((pattern) => pattern.test(path));
}

function rowOf(path: string, rows: readonly RegExp[]): string {
  return rows.map((pattern) => pattern.exec(path)?.[0] ?? '').find((row) => row !== '') ?? '';
}

function isInOneOnly(row: string, was: Leaves, is: Leaves): boolean {
  const isIn = (path: string) => (row.endsWith('/') ? path.startsWith(row) : path === row);
  const holds = (leaves: Leaves) => [...leaves.keys()].some(isIn);
  return row !== '' && holds(was) !== holds(is);
}

/** Of an element that states the present, all of it. */
function amountOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === 'undated') return Number.POSITIVE_INFINITY;
  const duration = durationSchema.safeParse(value).data;
  return duration === undefined ? 0 : seconds(duration);
}

function textOf(value: unknown): string {
  return value === undefined ? 'none' : String(value);
}

function shown(path: string): string {
  const [name = '', ...steps] = path.replace(/\/$/, '').split('/');
  return `${name}.yaml: ${steps.join('.')}`;
}
