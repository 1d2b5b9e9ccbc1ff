/** What waits for a person's vote, and what exactly they are shown. */
import type { Pool, PoolClient } from 'pg';
import {
  commitmentsOf,
  databaseClock,
  findAction,
  listActions,
  type ActionRow,
  type RevisionRow,
} from '../action/action.store.js';
import type { ActionId, RoleName, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { confirmationPhrase } from '../approval/confirmation.store.js';
import { meaningsFor, verdictOf, verdictSchema, type Meaning, type Verdict } from '../approval/decision.js';
import { eligibilityOf } from '../approval/eligible-votes.store.js';
import { isOpenToVotes } from '../approval/open-to-votes.js';
import { countedVotes } from '../approval/vote.store.js';
import { inTenant } from '../database/transaction.js';
import { findPerson, type PersonRow } from '../directory/directory.store.js';
import type { Keychain } from '../keys/keychain.store.js';
import { passkeysOf } from '../passkey/passkey.store.js';
import { asksForWord } from '../passkey/vouching.js';
import { vouchersOf } from '../passkey/vouching.store.js';
import { rolesHeld } from '../rulebook/rulebook.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';

export interface ApprovalsDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly rulebook: ReadRulebook;
}

/** What this person can do about an action as things stand. */
export type May =
  /** In which of their roles, with which verdicts, and what each may mean. */
  | {
      readonly status: 'may';
      readonly roles: readonly RoleName[];
      readonly verdicts: readonly Verdict[];
      readonly meanings: readonly Meaning[];
    }
  | { readonly status: 'may_not'; readonly code: string };

export interface Waiting {
  readonly row: ActionRow;
  /** The request as asked, what a write would change, or what became of one. */
  readonly kind: RevisionRow['kind'];
  readonly may: Extract<May, { status: 'may' }>;
}

/** So many are looked at; who has more waiting finds the rest when these are decided. */
const mostShown = 200;

/** Actions that wait for a vote which this person could cast, newest first. */
export async function waitingFor(deps: ApprovalsDeps, tenant: TenantId, person: PersonRow): Promise<Waiting[]> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const now = await databaseClock(tx);
    const waiting: Waiting[] = [];
    const asked = await listActions(tx, { status: 'awaiting_approval', limit: mostShown });
    const unknown = await listActions(tx, { status: 'outcome_unknown', limit: mostShown });
    for (const row of [...unknown, ...asked]) {
      const revision = await commitmentsOf(tx, row.action, row.revision);
      if (!revision || isOver(row, now)) continue;
      const may = await mayVote(tx, deps, row, revision, person);
      if (may.status === 'may') waiting.push({ row, kind: revision.kind, may });
    }
    return waiting;
  });
}

function isOver({ deadline }: ActionRow, now: Date): boolean {
  return deadline !== null && deadline <= now;
}

export interface Approval extends Waiting {
  /** Canonical JSON of what the vote binds, and the salt and commitment that bind it. */
  readonly shown: string;
  readonly salt: Uint8Array;
  readonly displayCommitment: string;
  readonly requestCommitment: string;
  readonly principalName: string;
  /** How the vote has to be proven. */
  readonly proof: { readonly method: 'idp' | 'passkey'; readonly fresh: boolean; readonly vouched: boolean };
  /** Ids of this person's passkeys that may sign, and the relying party that they are for. */
  readonly credentials: readonly string[];
  readonly rpId: string | null;
  /** What has to be typed to approve; null for nothing. */
  readonly confirmation: string | null;
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
    const revision = await commitmentsOf(tx, action, row.revision);
    if (!revision || !isOpenToVotes(row) || isOver(row, now)) return { status: 'closed' };
    const may = await mayVote(tx, deps, row, revision, person);
    if (may.status === 'may_not') return { status: 'not_yours', code: may.code };
    const principal = await findPerson(tx, row.principal);
    await appendLeaf(tx, {
      kind: 'action.viewed',
      action,
      key: `view/${person.person}/${now.toISOString()}`,
      data: { person: person.person },
    });
    const { kind, shows, requestCommitment, displayCommitment } = revision;
    const { bytes, salt, commitment } = await deps.keychain.unseal(tx, tenant, action, `display/${shows}`);
    if (displayCommitment !== commitment) throw new Error('what is sealed is not what votes on this action bind');
    const shown = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const principalName = principal?.displayName ?? 'unknown';
    const confirmation = await confirmationPhrase(tx, deps, tenant, row, revision);
    const signing = await signingOf(tx, deps, row, person);
    const bound = { requestCommitment, displayCommitment };
    return { status: 'shown', row, kind, may, shown, salt, ...bound, principalName, confirmation, ...signing };
  });
}

/** How this person would sign: by which kind of proof, and with which of their passkeys. */
async function signingOf(
  tx: PoolClient,
  deps: ApprovalsDeps,
  row: ActionRow,
  { person }: PersonRow,
): Promise<Pick<Approval, 'proof' | 'credentials' | 'rpId'>> {
  const { tiers, trustRoots } = await deps.rulebook(tx, row.rulebook);
  const approval = row.tier === null ? undefined : tiers[row.tier].approval;
  if (approval?.status !== 'asked') throw new Error('somebody is asked in a tier that asks nobody');
  const [rpId = null] = trustRoots.rpIds;
  const { method } = approval.proof;
  const fresh = approval.proof.method === 'passkey' && approval.proof.fresh;
  const vouched = row.tier !== null && asksForWord(row.tier);
  const vouchers = await vouchersOf(tx, person);
  const own = (await passkeysOf(tx, person)).filter(
    (each) => each.revokedAt === null && each.rpId === rpId && (!vouched || vouchers.has(each.passkey)),
  );
  return { proof: { method, fresh, vouched }, credentials: own.map(({ credential }) => credential), rpId };
}

/** One human counts once; whoever may not approve may still be among those who deny, or who sign the order. */
async function mayVote(
  tx: PoolClient,
  deps: ApprovalsDeps,
  row: ActionRow,
  { kind }: RevisionRow,
  { person, roles }: PersonRow,
): Promise<May> {
  if (row.needs === null) return { status: 'may_not', code: 'vote.not_open' };
  const rulebook = await deps.rulebook(tx, row.rulebook);
  const held = rolesHeld(rulebook, roles);
  const eligible: { readonly meaning: Meaning; readonly roles: readonly RoleName[] }[] = [];
  let code = 'vote.wrong_role';
  for (const meaning of meaningsFor({ kind, needs: row.needs })) {
    const vote = { approver: person, roles: held, verdict: verdictOf(meaning), meaning };
    const able = await eligibilityOf(tx, row, rulebook, vote);
    if (able.status === 'eligible') eligible.push({ meaning, roles: able.roles });
    else code = able.code;
  }
  if (eligible.length === 0) return { status: 'may_not', code };
  const votes = await countedVotes(tx, row.action, row.revision);
  if (votes.some(({ approver }) => approver === person)) return { status: 'may_not', code: 'vote.duplicate' };
  const meanings = eligible.map(({ meaning }) => meaning);
  return {
    status: 'may',
    roles: [...new Set(eligible.flatMap((each) => each.roles))],
    verdicts: verdictSchema.options.filter((verdict) => meanings.some((meaning) => verdictOf(meaning) === verdict)),
    meanings,
  };
}
