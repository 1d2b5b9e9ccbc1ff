/** Answers of the API as commands read them. What a newer API adds is let through to `--json` and not looked at. */
import { z } from 'zod';

const needs = z.union([
  z.looseObject({ status: z.literal('nobody') }),
  z.looseObject({
    status: z.literal('quorum'),
    factors: z.array(
      z.looseObject({
        role: z.string(),
        count: z.int(),
        or: z.array(z.string()).optional(),
        order: z.boolean().optional(),
      }),
    ),
  }),
]);
export type NeedsView = z.infer<typeof needs>;

const instant = z.iso.datetime();

export const actionView = z.looseObject({
  id: z.string(),
  type: z.string(),
  status: z.string(),
  tier: z.string().nullable(),
  needs: needs.nullable(),
  agent: z.string(),
  purpose: z.string(),
  elements: z.array(z.string()),
  createdAt: instant,
  deadline: instant.nullable(),
  concludedAt: instant.nullable(),
  retention: z.looseObject({ class: z.string(), date: z.string() }).nullable(),
});
export type ActionView = z.infer<typeof actionView>;

export const actionList = z.looseObject({ actions: z.array(actionView) });

/** No further change comes without somebody's doing: the seven ends, and the outcome that a human resolves. */
export function isSettled({ status }: { readonly status: string }): boolean {
  return !['requested', 'preparing', 'awaiting_approval', 'authorised', 'performing'].includes(status);
}

/** `2 × clinical_staff`, `the order of a clinician and senior_clinician or pharmacist`. */
export function needsText(view: NeedsView | null): string {
  if (view?.status !== 'quorum') return 'nobody';
  const texts = view.factors.map(({ role, or = [], count, order = false }) => {
    const roles = [role, ...or].join(' or ');
    if (order) return `the order of a ${roles}`;
    return count === 1 ? roles : `${count} × ${roles}`;
  });
  return texts.join(' and ');
}

const disposal = z.looseObject({
  date: z.string(),
  class: z.string(),
  records: z.int(),
  held: z.int(),
  disposed: z.int(),
  status: z.string(),
});
export type Disposal = z.infer<typeof disposal>;

export const disposalList = z.looseObject({ disposals: z.array(disposal) });
