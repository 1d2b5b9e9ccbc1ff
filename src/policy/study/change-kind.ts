/** How two answers to the same request differ. */
import { tiers } from '../../action/types.js';
import type { SampleAnswer } from './answer.js';
import { seatsOf } from './seats.js';

/** More is allowed, or less is asked for it; others who are asked are not those who were. */
const widening = ['allowed', 'tier_lower', 'asks_less', 'asks_others', 'duty_gone', 'warrant_wider'] as const;
const narrowing = ['denied', 'tier_higher', 'asks_more', 'duty_new', 'warrant_narrower'] as const;
export type ChangeKind = (typeof widening)[number] | (typeof narrowing)[number];

export function widens(kind: ChangeKind): boolean {
  return widening.some((each) => each === kind);
}

/** Several at once, where one does not say the other. */
export function changesBetween(before: SampleAnswer, after: SampleAnswer): ChangeKind[] {
  if (before.effect !== after.effect) return [after.effect === 'allow' ? 'allowed' : 'denied'];
  const gone = before.obligations.some((duty) => !after.obligations.includes(duty));
  const fresh = after.obligations.some((duty) => !before.obligations.includes(duty));
  return [
    ...(gone ? (['duty_gone'] as const) : []),
    ...(fresh ? (['duty_new'] as const) : []),
    ...(before.terms && after.terms ? betweenTerms(before.terms, after.terms) : []),
  ];
}

type Terms = NonNullable<SampleAnswer['terms']>;
const proofs: readonly Terms['proof'][] = ['none', 'sign_in', 'passkey', 'fresh_passkey'];

/** Another tier says whom it asks and what its warrant may do; those are compared within the same tier. */
function betweenTerms(before: Terms, after: Terms): ChangeKind[] {
  const up = tiers.indexOf(after.tier) - tiers.indexOf(before.tier);
  if (up !== 0) return [up > 0 ? 'tier_higher' : 'tier_lower'];
  const proof = proofs.indexOf(after.proof) - proofs.indexOf(before.proof);
  const [asked, asks] = [seatsOf(before.needs), seatsOf(after.needs)];
  const less = isWithout(asked, asks) || proof < 0;
  const more = isWithout(asks, asked) || proof > 0;
  const wider = after.warrantSeconds > before.warrantSeconds || after.maxRecords > before.maxRecords;
  const narrower = after.warrantSeconds < before.warrantSeconds || after.maxRecords < before.maxRecords;
  return [
    ...(less && more ? (['asks_others'] as const) : []),
    ...(less && !more ? (['asks_less'] as const) : []),
    ...(more && !less ? (['asks_more'] as const) : []),
    ...(wider ? (['warrant_wider'] as const) : []),
    ...(narrower ? (['warrant_narrower'] as const) : []),
  ];
}

/** Some seat of `all` has no like in `some`. */
function isWithout(all: readonly string[], some: readonly string[]): boolean {
  const left = [...some];
  return all.some((seat) => {
    const at = left.indexOf(seat);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
