import type { PoolClient } from 'pg';
import { findAction } from '../action/action.store.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, MintedWarrant } from '../action/types.js';
import { isApproved, type StoredApproval } from '../approval/reverify.js';
import { findApprovals } from '../approval/reverify.store.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { isSigned } from '../passkey/verify-assertion.node.js';
import { needsOf } from '../policy/classify.js';
import { markPerforming, type UseKey } from '../warrant/use.store.js';
import { openWriteUse, type OpenWriteUse, type OpenedWriteUse } from '../warrant/write-use.store.js';
import type { WriteOrder } from './carry-out-write.js';
import { checkProposal } from './check-proposal.js';
import type { EhrDeps } from './deps.js';
import { presentWarrant, type PresentedWarrant } from './leave.store.js';
import { practitionerOf } from './relation.store.js';
import { openSealedRequest, type OpenedRequest } from './sealed-request.store.js';
import { performStep } from './steps.js';
import { transactionOf, type Authorship } from './transaction.js';
import { writeElements } from './write-elements.js';
import { targetOrder } from './write-target.js';

/**
 * Seconds that one attempt has for the checkpoint, the EHR's answer and reading back. A worker that dies in it keeps the
 * next one waiting for as long, so it is no longer than a slow EHR needs.
 */
const leaseSeconds = 15;
/** Milliseconds before the lease's end at which nothing is sent or waited for any more: clocks drift, and closing takes time. */
const marginMs = 1_000;

export interface OpenWrite {
  readonly status: 'open';
  readonly use: UseKey;
  readonly attempt: number;
  readonly order: WriteOrder;
  /** Index of the attempt's leaf, which a checkpoint must cover before anything is sent. */
  readonly leaf: number;
  /** Verifier keys that the pinned rulebook trusts. */
  readonly logKeys: readonly string[];
}

export type OpenedWrite = OpenWrite | Extract<OpenedWriteUse, { status: 'done' | 'conflict' | 'rejected' }>;

/**
 * Token, row, clock and lease are judged, then what was approved: request, proposal, shown text, and every vote with its
 * signature. The attempt is on the log when this commits, and nothing was asked of the EHR yet.
 *
 * @throws Refusal `warrant.leased` with `retryAfter` while another attempt may be sending; other `warrant.*`, among them
 *   `warrant.unapproved`; `log.*`. Then nothing was changed.
 */
export async function openWrite(deps: EhrDeps, admission: Admission, warrant: MintedWarrant): Promise<OpenedWrite> {
  const began = deps.monotonic(); // before the database counts, so that our lease ends before its
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const isStep = (name: string): boolean => name === performStep;
    const presented = await presentWarrant(tx, deps, admission, { warrant, isStep });
    const opened = await openWriteUse(tx, presented.use, leaseSeconds);
    if (opened.status === 'refused') throw new Refusal(opened.code, 'The warrant does not hold.');
    if (opened.status === 'leased')
      throw new Refusal('warrant.leased', 'Another attempt may still be writing.', {
        retryAfter: opened.waitMs / 1000,
      });
    if (opened.status !== 'open') return opened;
    const sealed = await openSealedRequest(tx, deps.keychain, presented.row);
    const approvals = await approvalsOf(tx, presented, sealed);
    const order = await writeOrder(tx, deps, { presented, sealed, approvals, opened });
    await markPerforming(tx, admission.action);
    const { attempt } = opened;
    const leaf = await appendLeaf(tx, {
      kind: 'action.attempt',
      action: admission.action,
      key: `${performStep}.${presented.row.revision}/${attempt}`,
      data: { warrant: presented.row.jti, attempt },
    });
    const until = began + Math.min(opened.leaseMs, opened.expiresMs) - marginMs;
    return {
      status: 'open',
      use: presented.use,
      attempt,
      order: { ...order, until },
      leaf: leaf.index,
      logKeys: presented.rulebook.trustRoots.logs,
    };
  });
}

/** What the warrant rests on, verified from the person's key to the quorum. @throws Refusal `warrant.unapproved` */
async function approvalsOf(
  tx: PoolClient,
  { row, rulebook: { actions, tiers, trustRoots } }: PresentedWarrant,
  { request, revision: { displayCommitment } }: OpenedRequest,
): Promise<readonly StoredApproval[]> {
  const contract = actions.get(request.type);
  const { approval } = tiers[row.tier];
  const { rpIds } = trustRoots;
  const { action, revision, approvals: leaves } = row;
  const found = await findApprovals(tx, { action, revision, leaves, rpIds }, isSigned);
  const approved =
    contract !== undefined &&
    approval.status === 'asked' &&
    found !== undefined &&
    isApproved(
      found,
      { ...row, displayCommitment },
      { needs: needsOf(contract, row.tier, approval), proof: approval.proof, rpIds },
    );
  if (!approved) throw new Refusal('warrant.unapproved', 'The votes under this warrant do not carry it.');
  return found;
}

interface WriteParts {
  readonly presented: PresentedWarrant;
  readonly sealed: OpenedRequest;
  readonly approvals: readonly StoredApproval[];
  readonly opened: OpenWriteUse;
}

async function writeOrder(
  tx: PoolClient,
  deps: EhrDeps,
  { presented: { row, leave }, sealed, approvals, opened }: WriteParts,
): Promise<Omit<WriteOrder, 'until'>> {
  const { request, subject, proposal, revision } = sealed;
  const { action, revision: number, tenant } = row;
  const { attempt, bytesLeft, readBack, openedAt } = opened;
  const performs = writeElements.get(request.type)?.performs;
  const commitment = revision.proposalCommitment;
  const bound = revision.kind === 'prepared' && commitment !== null && commitment === leave.argsCommitment;
  if (!bound || proposal === undefined || performs === undefined)
    throw new Refusal('warrant.other_request', 'The warrant is not for what was prepared.');
  const requestId = `${action}.${performStep}.${number}.${attempt}`;
  const order = targetOrder({ request, subject, leave, bytesLeft, requestId });
  checkProposal({ proposal, type: request.type, order });
  const by: Authorship = {
    tenant,
    action,
    warrant: row.jti,
    agent: { id: row.agent, version: (await findAction(tx, action))?.agentVersion ?? 'unregistered' },
    onBehalfOf: await practitionerOf(tx, row.principal),
    approvers: await approversOf(tx, approvals),
    purpose: row.purpose,
    recorded: openedAt,
  };
  return {
    ...order,
    action,
    performs,
    proposal,
    commitment,
    transaction: transactionOf(proposal, by, deps.fhir.base),
    lookFirst: readBack,
  };
}

async function approversOf(tx: PoolClient, approvals: readonly StoredApproval[]): Promise<Authorship['approvers']> {
  const approvers: Authorship['approvers'][number][] = [];
  for (const { leaf } of approvals)
    approvers.push({
      person: leaf.approver,
      practitioner: await practitionerOf(tx, leaf.approver),
      roles: leaf.roles,
    });
  return approvers;
}
