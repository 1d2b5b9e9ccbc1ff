/** A preview for the terminal. */
import { z } from 'zod';
import { table, type Paint } from '../terminal.js';
import { printable } from './printable.js';

const factor = z.looseObject({
  role: z.string(),
  count: z.int(),
  or: z.array(z.string()).optional(),
  order: z.boolean().optional(),
  eligible: z.int(),
});

export const previewShape = z.looseObject({
  status: z.string(),
  tier: z.string().nullable(),
  why: z.array(z.looseObject({ tier: z.string(), why: z.string() })),
  rules: z.array(z.string()),
  nearMisses: z.array(z.looseObject({ rule: z.string(), unmet: z.array(z.string()) })),
  missing: z.array(z.string()),
  seats: z.array(factor),
  deadlineSeconds: z.int().nullable(),
  relation: z.string(),
});
export type PreviewView = z.infer<typeof previewShape>;

const words: Readonly<Record<string, readonly [Parameters<Paint>[0], string]>> = {
  authorised: ['green', 'would run, and nobody is asked'],
  approvals_needed: ['yellow', 'people would be asked'],
  incomplete: ['yellow', 'would be refused for what it lacks'],
  refused: ['red', 'would be refused'],
};

export function previewLines(view: PreviewView, paint: Paint): string[] {
  const [colour, said] = words[view.status] ?? ['dim', view.status];
  const refused = view.status === 'refused';
  const rows: (readonly [string, readonly string[]])[] = [
    ['Tier', [view.tier ?? '–']],
    ['Because', view.why.map(({ tier, why }) => `${tier.replace('_', ' ')} by ${why}`)],
    ['Lacks', view.missing],
    [refused ? 'Against it' : 'Allowed by', view.rules],
    ['Nearly', view.nearMisses.map(({ rule, unmet }) => `${rule}, but for ${unmet.join(', ')}`)],
    ['Asks', view.seats.map(seatText)],
    ['Waits', view.deadlineSeconds === null ? [] : [`${lengthOf(view.deadlineSeconds)} at most`]],
    ['Assumes', view.relation === 'assumed' ? ['that the principal treats the patient; the EHR is asked later'] : []],
  ];
  const lines = rows.flatMap(([label, cells]) => cells.map((cell, at) => [at === 0 ? label : '', printable(cell)]));
  return [paint(colour, printable(said)), ...table(lines)];
}

function seatText({ role, or = [], count, order = false, eligible }: z.infer<typeof factor>): string {
  const roles = [role, ...or].join(' or ');
  const who = order ? `the order of a ${roles}` : count === 1 ? roles : `${count} × ${roles}`;
  return `${who} (${eligible === 1 ? 'one person could' : `${eligible || 'no'} people could`})`;
}

function lengthOf(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
