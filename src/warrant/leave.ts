/** What a gateway may do: the part of a warrant on which row and token agree, which is the narrower of the two. */
import type { ActionId, Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { WarrantClaims } from './claims.js';
import type { WarrantRow } from './warrant.store.js';

export interface Leave {
  readonly action: ActionId;
  readonly actions: readonly string[];
  readonly location: string;
  readonly datatypes: readonly string[];
  readonly patient: Digest | null;
  readonly episode: Digest | null;
  readonly elements: readonly string[];
  readonly scopes: readonly string[];
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Element → the day from which on its records may be read. */
  readonly since: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
  /** Commitment of the proposal that may be written; absent where nothing may. */
  readonly argsCommitment?: Digest;
}

/**
 * Narrows lists and limits to what both allow. What names one thing (action, patient, place, request) must be the same.
 *
 * @throws Refusal `warrant.altered` where row and token are not about the same thing.
 */
export function leaveOf(row: WarrantRow, claims: WarrantClaims): Leave {
  const [detail] = claims.authorization_details;
  const same =
    claims.jti === row.jti &&
    claims.tenant === row.tenant &&
    claims.txn === row.action &&
    claims.step === row.step &&
    claims.act.sub === row.agent &&
    claims.sub === row.principal &&
    claims.request_commitment === row.requestCommitment &&
    claims.rulebook === row.rulebook &&
    claims.tier === row.tier &&
    claims.apr.join() === row.approvals.join() &&
    (detail.identifier ?? null) === row.patient &&
    (detail.episode ?? null) === row.episode &&
    detail.locations.includes(row.location) &&
    detail.purpose_of_use === row.purpose &&
    (detail.args_commitment ?? null) === (row.argsCommitment ?? null);
  if (!same) throw new Refusal('warrant.altered', 'The warrant and its row are not about the same thing.');
  return {
    action: row.action,
    actions: both(row.actions, detail.actions),
    location: row.location,
    datatypes: both(row.datatypes, detail.datatypes),
    patient: row.patient,
    episode: row.episode,
    elements: both(row.elements, detail.elements),
    scopes: both(row.scopes, claims.scope.split(' ')),
    maxRecords: Math.min(row.maxRecords, detail.limits.max_records),
    maxBytes: Math.min(row.maxBytes, detail.limits.max_bytes),
    since: later(row.since, detail.limits.since ?? {}),
    readOnly: row.readOnly || detail.read_only,
    ...(row.argsCommitment && { argsCommitment: row.argsCommitment }),
  };
}

/** A bound that one of them sets holds; of two, the later day. ISO dates compare as text. */
function later(a: WarrantRow['since'], b: WarrantRow['since']): Record<string, string> {
  const bounds: Record<string, string> = { ...a };
  for (const [element, day] of Object.entries(b)) {
    const other = a[element];
    bounds[element] = other !== undefined && other > day ? other : day;
  }
  return bounds;
}

function both(a: readonly string[], b: readonly string[]): string[] {
  return a.filter((word) => b.includes(word));
}
