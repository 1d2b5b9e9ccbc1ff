/** What waits for a person's vote, and what exactly they are shown. */
import type { Pool, PoolClient } from 'pg';
import { commitmentsOf, databaseClock, findAction, listActions, type ActionRow } from '../action/action.store.js';
import type { ActionId, RoleName, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { verdictSchema, type Verdict } from '../approval/decision.js';
import { eligibilityOf } from '../approval/eligible-votes.store.js';
import { countedVotes } from '../approval/vote.store.js';
import { inTenant } from '../database/transaction.js';
import { findPerson, type PersonRow } from '../directory/directory.store.js';
import type { Keychain } from '../keys/keychain.store.js';
import { rolesHeld } from '../rulebook/rulebook.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';

export interface ApprovalsDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly rulebook: ReadRulebook;
}

/** What this person can do about an action as things stand. */
export type May =
  /** In which of their roles, and with which verdicts. */
  | { readonly status: 'may'; readonly roles: readonly RoleName[]; readonly verdicts: readonly Verdict[] }
  | { readonly status: 'may_not'; readonly code: string };

export interface Waiting {
  readonly row: ActionRow;
  readonly may: Extract<May, { status: 'may' }>;
}

/** So many are looked at; who has more waiting finds the rest when these are decided. */
const mostShown = 200;

/** Actions that wait for a vote which this person could cast, newest first. */
export async function waitingFor(deps: ApprovalsDeps, tenant: TenantId, person: PersonRow): Promise<Waiting[]> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const now = await databaseClock(tx);
    const waiting: Waiting[] = [];
    for (const row of await listActions(tx, { status: 'awaiting_approval', limit: mostShown })) {
      if (row.deadline === null || row.deadline <= now) continue;
      const may = await mayVote(tx, deps, row, person);
      if (may.status === 'may') waiting.push({ row, may });
    }
    return waiting;
  });
}

export interface Approval extends Waiting {
  /** Canonical JSON of what the vote binds, and the salt and commitment that bind it. */
  readonly shown: string;
  readonly salt: Uint8Array;
  readonly displayCommitment: string;
  readonly requestCommitment: string;
  readonly principalName: string;
}

export type Looked =
  | ({ readonly status: 'shown' } & Approval)
  | { readonly status: 'closed' }
  | { readonly status: 'not_yours'; readonly code: string };

/**
 * Shows the content to somebody who may vote on it, and to nobody else. The leaf is written before it is unsealed: a
 * transaction that fails shows nothing. Undefined when there is no such action.
 */
export async function showApproval(
  deps: ApprovalsDeps,
  { tenant, action, person }: { readonly tenant: TenantId; readonly action: ActionId; readonly person: PersonRow },
): Promise<Looked | undefined> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const row = await findAction(tx, action);
    if (!row) return undefined;
    const now = await databaseClock(tx);
    if (row.status !== 'awaiting_approval' || row.deadline === null || row.deadline <= now) return { status: 'closed' };
    const may = await mayVote(tx, deps, row, person);
    if (may.status === 'may_not') return { status: 'not_yours', code: may.code };
    const bound = await commitmentsOf(tx, action, row.revision);
    const principal = await findPerson(tx, row.principal);
    await appendLeaf(tx, {
      kind: 'action.viewed',
      action,
      key: `view/${person.person}/${now.toISOString()}`,
      data: { person: person.person },
    });
    const { bytes, salt, commitment } = await deps.keychain.unseal(tx, tenant, action, `display/${row.revision}`);
    if (!bound || bound.displayCommitment !== commitment)
      throw new Error('what is sealed is not what votes on this action bind');
    const shown = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { status: 'shown', row, may, shown, salt, ...bound, principalName: principal?.displayName ?? 'unknown' };
  });
}

/** One human counts once; whoever may not approve may still be among those who deny. */
async function mayVote(
  tx: PoolClient,
  deps: ApprovalsDeps,
  row: ActionRow,
  { person, roles }: PersonRow,
): Promise<May> {
  const rulebook = await deps.rulebook(tx, row.rulebook);
  const vote = { approver: person, roles: rolesHeld(rulebook, roles) };
  const approve = await eligibilityOf(tx, row, rulebook, { ...vote, verdict: 'approve' });
  const able =
    approve.status === 'eligible' ? approve : await eligibilityOf(tx, row, rulebook, { ...vote, verdict: 'deny' });
  if (able.status === 'refused') return { status: 'may_not', code: able.code };
  const votes = await countedVotes(tx, row.action, row.revision);
  if (votes.some(({ approver }) => approver === person)) return { status: 'may_not', code: 'vote.duplicate' };
  return { status: 'may', roles: able.roles, verdicts: approve === able ? verdictSchema.options : ['deny'] };
}
