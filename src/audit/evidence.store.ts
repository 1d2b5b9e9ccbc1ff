import type { PoolClient } from 'pg';
import { z } from 'zod';
import { challengeSchema, type ActionId, type ChallengeId } from '../action/ids.js';
import { proofSchema, type DecisionEnvelope } from '../approval/envelope.js';
import { decisionOf, findChallenge } from '../approval/vote.store.js';

const proofRow = z.object({ challenge: challengeSchema, proof: proofSchema });

/** Decision and proof of these counted votes of an action, in the order asked for; a missing one is left out. */
export async function envelopesOf(
  tx: PoolClient,
  action: ActionId,
  challenges: readonly ChallengeId[],
): Promise<DecisionEnvelope[]> {
  const found = await tx.query('SELECT challenge, proof FROM countersign.vote WHERE action = $1', [action]);
  const proofs = new Map(
    found.rows.map((row) => proofRow.parse(row)).map(({ challenge, proof }) => [challenge, proof] as const),
  );
  const envelopes: DecisionEnvelope[] = [];
  for (const challenge of challenges) {
    const row = await findChallenge(tx, challenge);
    const proof = proofs.get(challenge);
    if (row && proof) envelopes.push({ decision: decisionOf(row), proof });
  }
  return envelopes;
}
