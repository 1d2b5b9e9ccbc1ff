import type { Pool, PoolClient } from 'pg';
import type { Digest, PersonId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { ChangeRefusal, ProposalId } from '../rulebook/change/change.js';
import { findProposal } from '../rulebook/change/change.store.js';
import { changerRefusal } from '../rulebook/change/changer.store.js';
import { setShadow } from '../rulebook/shadow.store.js';
import { refusedChangeLeaf, unreadableLeaf, type RefusedChange } from '../rulebook/change/change-leaves.js';
import type { RulebookHistory } from '../rulebook/change/history.tx.js';
import { storedContent } from '../rulebook/rulebook.store.js';
import type { ApiDeps } from './deps.js';

/** The content of a rulebook that this tenant knows: active, formerly active or proposed. Undefined for every other. */
export async function knownRulebook(
  pool: Pool,
  tenant: TenantId,
  { activations, proposals }: RulebookHistory,
  digest: Digest,
): Promise<unknown> {
  const known = [...activations, ...proposals].some((each) => each.digest === digest);
  return known ? inTenant(pool, tenant, (tx) => storedContent(tx, digest)) : undefined;
}

/** Logs what was refused before it reached a room of its own. */
export async function logRefusedChange(pool: Pool, tenant: TenantId, refused: RefusedChange): Promise<void> {
  await inTenant(pool, tenant, (tx) => appendLeaf(tx, refusedChangeLeaf(refused)));
}

export interface Changing {
  /** Null for no shadow. */
  readonly proposal: ProposalId | null;
  readonly person: PersonId;
}

/** Why this person may not have a proposal activated, with its leaf; undefined if they may. */
export async function activatorRefusal(
  { pool, tenant, rulebook }: Pick<ApiDeps, 'pool' | 'tenant' | 'rulebook'>,
  changing: Changing,
): Promise<ChangeRefusal | undefined> {
  return inTenant(pool, tenant, async (tx) => {
    const code = await changerRefusal(tx, rulebook, changing.person);
    return code && refuse(tx, changing, code);
  });
}

/** Sets the proposal that judges beside the active rulebook, or none, with its leaf; why not, with its leaf, if not. */
export async function shadowRulebook(
  { pool, tenant, rulebook }: Pick<ApiDeps, 'pool' | 'tenant' | 'rulebook'>,
  changing: Changing,
): Promise<ChangeRefusal | undefined> {
  const { proposal, person } = changing;
  return inTenant(pool, tenant, async (tx) => {
    const set = (await changerRefusal(tx, rulebook, person)) ?? (await setShadow(tx, proposal, person));
    if (typeof set === 'string') return refuse(tx, changing, set);
    await appendLeaf(tx, { kind: 'rulebook.shadow_set', key: String(set), data: { proposal, person } });
    return undefined;
  });
}

async function refuse(tx: PoolClient, { proposal, person }: Changing, code: ChangeRefusal): Promise<ChangeRefusal> {
  const known = proposal === null ? undefined : await findProposal(tx, proposal);
  await appendLeaf(tx, refusedChangeLeaf({ proposal: known?.proposal ?? null, person, code }));
  return code;
}

/** A security event of the tenant, once for each rulebook that cannot be read. */
export async function logUnreadable(pool: Pool, tenant: TenantId, digest: Digest): Promise<void> {
  await inTenant(pool, tenant, (tx) => appendLeaf(tx, unreadableLeaf(digest)));
}

/** The history as its readers see it. */
export function historyView({ active, activations, proposals, shadow, names }: RulebookHistory) {
  return {
    active: active ?? null,
    shadow: shadow ? { ...shadow, since: shadow.since.toISOString() } : null,
    activations: activations.map(({ since, ...row }) => ({ ...row, since: since.toISOString() })),
    proposals: proposals.map((row) => ({
      id: row.proposal,
      digest: row.digest,
      base: row.base,
      status: row.status,
      proposer: { id: row.proposer, name: names.get(row.proposer) ?? '' },
      note: row.note,
      proposedAt: row.proposedAt.toISOString(),
      signatures: row.signatures.map(({ person, verdict, roles, verifiedAt }) => ({
        person: { id: person, name: names.get(person) ?? '' },
        verdict,
        roles: [...roles],
        at: verifiedAt.toISOString(),
      })),
    })),
  };
}
