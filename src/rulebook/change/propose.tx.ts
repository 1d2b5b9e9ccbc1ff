import type { Pool } from 'pg';
import type { PersonId, TenantId } from '../../action/ids.js';
import { appendLeaf } from '../../audit/append.store.js';
import { inTenant } from '../../database/transaction.js';
import type { ChangeRefusal } from './change.js';
import { refusedChangeLeaf } from './change-leaves.js';
import { findProposal, insertProposal, type ProposalRow } from './change.store.js';
import { compareRulebooks, type Difference } from './compare.js';
import { findBase } from '../governing.store.js';
import { loadContent } from '../load.js';
import type { Problem } from '../problem.js';
import { unfitForProduction } from '../production.js';
import { activeDigest, type ReadRulebook } from '../rulebook.store.js';
import { isDevelopmentTenant } from '../tenant-mode.store.js';

export interface ProposeDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
}

export interface ProposeCase {
  readonly tenant: TenantId;
  readonly person: PersonId;
  /** The documents and the trust roots, as anybody may have written them. */
  readonly content: unknown;
  readonly note: string | undefined;
}

export type ProposedChange =
  | { readonly status: 'proposed'; readonly row: ProposalRow; readonly differences: readonly Difference[] }
  | { readonly status: 'refused'; readonly code: ChangeRefusal; readonly problems: readonly Problem[] };

/**
 * Judges a rulebook by this build, whatever the caller's said of it, stores it by its digest and proposes it in place of
 * the active one. It governs nothing yet.
 *
 * @throws RulebookError with everything that is wrong with it; then there is no rulebook that a leaf could name.
 */
export async function proposeRulebook(
  deps: ProposeDeps,
  { tenant, person, content, note }: ProposeCase,
): Promise<ProposedChange> {
  const rulebook = loadContent(content);
  return inTenant(deps.pool, tenant, async (tx) => {
    const refuse = async (code: ChangeRefusal, problems: readonly Problem[] = []): Promise<ProposedChange> => {
      await appendLeaf(tx, refusedChangeLeaf({ proposal: null, person, code }));
      return { status: 'refused', code, problems };
    };
    const unfit = (await isDevelopmentTenant(tx)) ? [] : unfitForProduction(rulebook);
    if (unfit.length > 0) return refuse('rulebook.unfit', unfit);
    const base = await activeDigest(tx);
    const proposed = await insertProposal(tx, { rulebook, base, proposer: person, note });
    if (proposed.status === 'refused') return refuse(proposed.code);
    const row = await findProposal(tx, proposed.proposal);
    if (!row) throw new Error('a proposal that was just made is not there');
    await appendLeaf(tx, {
      kind: 'rulebook.proposed',
      key: row.proposal,
      data: { proposal: row.proposal, rulebook: row.digest, base, person },
    });
    const differences = compareRulebooks((await findBase(tx, deps.rulebook, base)).content, rulebook.content);
    return { status: 'proposed', row, differences };
  });
}
