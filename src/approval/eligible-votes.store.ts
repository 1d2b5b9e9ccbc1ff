import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionRow } from '../action/action.store.js';
import { digest, role, type ChallengeId, type Digest } from '../action/ids.js';
import type { CountedVote } from '../action/types.js';
import { findAgent, findPerson } from '../directory/directory.store.js';
import { rolesHeld, type Rulebook } from '../rulebook/rulebook.js';
import { eligibility, type Eligibility } from './eligibility.js';
import type { Vote } from './quorum.js';
import { countedVotes } from './vote.store.js';

/** Beside the roles of the quorum the privacy officer may deny (DESIGN §5.4). */
export const mayDeny = [role('privacy_officer')];

/** Whether this person may vote so on this action, as the directory stands now. */
export async function eligibilityOf(
  tx: PoolClient,
  row: ActionRow,
  rulebook: Rulebook,
  { approver, roles, verdict, meaning }: Vote,
): Promise<Eligibility> {
  const person = await findPerson(tx, approver);
  if (!person || row.needs === null) return { status: 'refused', code: 'vote.inactive' };
  const agent = await findAgent(tx, row.agent);
  return eligibility({
    approver: { ...person, roles: rolesHeld(rulebook, person.roles) },
    actingRoles: roles,
    mayDeny,
    verdict,
    meaning,
    needs: row.needs,
    principal: row.principal,
    owner: agent?.owner,
  });
}

/**
 * The counted votes that still hold, each with the hash of its leaf: whoever gave it may still vote, and the passkey that
 * signed it was not revoked, as a lost one is. A deny holds whatever became of its author.
 */
export async function eligibleVotes(
  tx: PoolClient,
  row: ActionRow,
  rulebook: Rulebook,
): Promise<{ readonly vote: CountedVote; readonly leaf: Digest }[]> {
  const votes: { readonly vote: CountedVote; readonly leaf: Digest }[] = [];
  for (const counted of await countedVotes(tx, row.action, row.revision)) {
    const found = await eligibilityOf(tx, row, rulebook, counted);
    const holds = found.status === 'eligible' && !(await wasRevoked(tx, counted.challenge));
    if (!holds && counted.verdict !== 'deny') continue;
    const roles = found.status === 'eligible' ? [...found.roles] : counted.roles;
    votes.push({ vote: { ...counted, roles }, leaf: await leafOfVote(tx, row, counted.challenge) });
  }
  return votes;
}

/** Whether the passkey under this vote was revoked since. The gateway asks the same, and would refuse the whole warrant. */
async function wasRevoked(tx: PoolClient, challenge: ChallengeId): Promise<boolean> {
  const found = await tx.query(
    `SELECT FROM countersign.vote v
       JOIN countersign.passkey p ON p.tenant = v.tenant AND p.credential = v.proof->>'credentialId'
      WHERE v.challenge = $1 AND p.revoked_at IS NOT NULL`,
    [challenge],
  );
  return found.rows.length > 0;
}

async function leafOfVote(tx: PoolClient, { action }: ActionRow, challenge: string): Promise<Digest> {
  const found = await tx.query(
    `SELECT encode(hash, 'hex') AS hash FROM countersign.audit_leaf
      WHERE action = $1 AND kind = 'vote.counted' AND key = $2`,
    [action, challenge],
  );
  return digest(z.object({ hash: z.string() }).parse(found.rows[0]).hash);
}
