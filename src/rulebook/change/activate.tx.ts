import type { Pool, PoolClient } from 'pg';
import { appendLeaf } from '../../audit/append.store.js';
import { canonicalDigest } from '../../audit/bytes.js';
import type { IsSigned } from '../../passkey/stored-word.store.js';
import { inTenant } from '../../database/transaction.js';
import type { ChangeRefusal } from './change.js';
import { refusedChangeLeaf } from './change-leaves.js';
import {
  activateProposal,
  activations,
  findProposal,
  openActivation,
  signatures,
  type ProposalRow,
} from './change.store.js';
import { objectionTo } from './change-rules.js';
import { verifySignature, type VerifiedSignature } from './genuine-signatures.store.js';
import { findBase } from '../governing.store.js';
import { loadContent } from '../load.js';
import { RulebookError } from '../problem.js';
import { unfitForProduction } from '../production.js';
import { storedContent, type ReadRulebook } from '../rulebook.store.js';
import type { ActivationCase, ChangeAnswer } from './signature-case.js';
import { isDevelopmentTenant } from '../tenant-mode.store.js';

export interface ActivateDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
  readonly isSigned: IsSigned;
}

/**
 * Makes a proposal the active rulebook once two people have signed it, all of it judged as it stands now: signatures, keys,
 * roles and how long they have been held, the base, the content. Actions that are open keep the one that they pinned.
 */
export async function activateRulebookOf(
  deps: ActivateDeps,
  { tenant, proposal }: ActivationCase,
): Promise<ChangeAnswer> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const objection = await openActivation(tx, proposal);
    const row = await findProposal(tx, proposal);
    const no = async (code: ChangeRefusal): Promise<ChangeAnswer> => {
      await appendLeaf(tx, refusedChangeLeaf({ proposal: row?.proposal ?? null, person: null, code }));
      return { status: 'refused', code };
    };
    if (!row) return no('rulebook.unknown');
    // Asked again about what it did, or would have done, it says the same.
    const before = (await activations(tx)).find((each) => each.proposal === proposal);
    if (before) return { status: 'activated', ordinal: before.ordinal, digest: before.digest };
    if (objection !== undefined) return no(objection);
    const unusable = await unusableContent(tx, row);
    if (unusable) return no(unusable);

    const judged = await judgeSignatures(tx, deps, row);
    if (judged.status === 'refused') return no(judged.code);
    const ordinal = await activateProposal(tx, proposal);
    if (typeof ordinal === 'string') return no(ordinal);
    await appendLeaf(tx, {
      kind: 'rulebook.activated',
      key: String(ordinal),
      data: {
        rulebook: row.digest,
        previous: row.base,
        way: 'signatures',
        proposal,
        signatures: judged.signatures.map(({ person, statement }) => ({ person, statement })),
      },
    });
    return { status: 'activated', ordinal, digest: row.digest };
  });
}

type Genuine = Extract<VerifiedSignature, { status: 'genuine' }>;
type Judged =
  | { readonly status: 'approved'; readonly signatures: readonly Genuine[] }
  | { readonly status: 'refused'; readonly code: ChangeRefusal };

/** One that does not count any more is left out, so that two others may do; if it is missed, it is named. */
async function judgeSignatures(
  tx: PoolClient,
  { rulebook, isSigned }: ActivateDeps,
  row: ProposalRow,
): Promise<Judged> {
  const base = await findBase(tx, rulebook, row.base);
  const verified: VerifiedSignature[] = [];
  for (const signature of await signatures(tx, row.proposal))
    verified.push(await verifySignature(tx, signature, { proposal: row, base, isSigned }));
  const genuine = verified.filter((each) => each.status === 'genuine');
  const objection = objectionTo(genuine, base.changes);
  if (objection === undefined) return { status: 'approved', signatures: genuine };
  const [failed] = verified.filter((each) => each.status === 'refused');
  return { status: 'refused', code: failed?.code ?? objection };
}

/** Why what is stored under the digest may not govern: other bytes, unreadable to this build, or of a sandbox. */
async function unusableContent(tx: PoolClient, { digest }: ProposalRow): Promise<ChangeRefusal | undefined> {
  const content = await storedContent(tx, digest);
  if (content === undefined || canonicalDigest(content) !== digest) return 'rulebook.altered';
  try {
    const unfit = unfitForProduction(loadContent(content));
    return unfit.length === 0 || (await isDevelopmentTenant(tx)) ? undefined : 'rulebook.unfit';
  } catch (error) {
    if (error instanceof RulebookError) return 'rulebook.unreadable';
    throw error;
  }
}
