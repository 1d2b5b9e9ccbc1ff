import type { Pool } from 'pg';
import type { Digest, PersonId, TenantId } from '../../action/ids.js';
import { inTenant } from '../../database/transaction.js';
import type { ProposalId } from './change.js';
import {
  activations,
  proposals,
  signatures,
  type ActivationRow,
  type ProposalRow,
  type SignatureRow,
} from './change.store.js';
import { findShadow, shadowCounts, type ShadowCounts, type ShadowRow } from '../shadow.store.js';
import { namesOf } from './signer.store.js';

/** `superseded`: another rulebook became active since, so that nobody ever signs this proposal again. */
export type ProposalStatus = 'open' | 'denied' | 'superseded' | 'activated';

export interface ProposalHistory extends ProposalRow {
  readonly status: ProposalStatus;
  readonly signatures: readonly SignatureRow[];
}

export interface RulebookHistory {
  /** Undefined before the first one. */
  readonly active: Digest | undefined;
  /** Newest first. */
  readonly activations: readonly ActivationRow[];
  readonly proposals: readonly ProposalHistory[];
  /** The proposal that judges beside the active rulebook, and how often it answered otherwise. */
  readonly shadow: (ShadowRow & ShadowCounts) | undefined;
  /** Display names of everybody named in it. */
  readonly names: ReadonlyMap<PersonId, string>;
}

/** Who proposed and signed which rulebook, and what governed since when. */
export async function rulebookHistory(pool: Pool, tenant: TenantId): Promise<RulebookHistory> {
  return inTenant(pool, tenant, async (tx) => {
    const activated = await activations(tx);
    const signed = await signatures(tx);
    const active = activated[0]?.digest;
    const all = (await proposals(tx)).map((row) => {
      const own = signed.filter(({ proposal }) => proposal === row.proposal);
      return { ...row, status: statusOf(row, own, activated), signatures: own };
    });
    const people = [...all.map(({ proposer }) => proposer), ...signed.map(({ person }) => person)];
    const shadowing = await findShadow(tx);
    const shadow = shadowing && { ...shadowing, ...(await shadowCounts(tx, shadowing.proposal)) };
    return { active, activations: activated, proposals: all, shadow, names: await namesOf(tx, people) };
  });
}

function statusOf(
  { proposal, baseOrdinal }: ProposalRow,
  signed: readonly SignatureRow[],
  activated: readonly ActivationRow[],
): ProposalStatus {
  const isThis = (each: { readonly proposal: ProposalId | null }) => each.proposal === proposal;
  if (activated.some(isThis)) return 'activated';
  if (signed.some(({ verdict }) => verdict === 'deny')) return 'denied';
  return baseOrdinal === activated[0]?.ordinal ? 'open' : 'superseded';
}
