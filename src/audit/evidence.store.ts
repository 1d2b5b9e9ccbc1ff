import type { PoolClient } from 'pg';
import { z } from 'zod';
import { challengeSchema, type ActionId, type ChallengeId } from '../action/ids.js';
import { proofSchema, type DecisionEnvelope } from '../approval/envelope.js';
import { decisionOf, findChallenge } from '../approval/vote.store.js';
import type { Assertion } from '../passkey/assertion.js';
import { findPasskey, passkeyOf, type PasskeyRow } from '../passkey/passkey.store.js';
import { asksForWord } from '../passkey/vouching.js';
import { wordFor } from '../passkey/vouching.store.js';
import { tenantLeaf, type StoredLeaf } from './leaf.store.js';

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

export interface StoredKey {
  readonly row: PasskeyRow;
  /** Of its enrolment. */
  readonly leaf: StoredLeaf;
}

export interface StoredVouching {
  readonly assertion: Assertion;
  readonly leaf: StoredLeaf;
}

/** The passkeys that signed these votes, and the words for them where the tier asks for one, in the order of their use. */
export async function keysOf(
  tx: PoolClient,
  votes: readonly DecisionEnvelope[],
): Promise<{ readonly passkeys: readonly StoredKey[]; readonly vouchings: readonly StoredVouching[] }> {
  const passkeys = new Map<string, StoredKey>();
  const vouchings = new Map<string, StoredVouching>();
  const keep = async (row: PasskeyRow | undefined): Promise<void> => {
    const leaf = row && (await tenantLeaf(tx, 'passkey.enrolled', row.passkey));
    if (leaf && !passkeys.has(row.credential)) passkeys.set(row.credential, { row, leaf });
  };
  for (const { decision, proof } of votes) {
    if (proof.kind !== 'passkey') continue;
    const row = await findPasskey(tx, proof.credentialId);
    await keep(row);
    const given = row && asksForWord(decision.tier) ? await wordFor(tx, row.passkey) : undefined;
    const leaf = given && (await tenantLeaf(tx, 'passkey.vouched', given.vouching));
    if (!given || !leaf) continue;
    vouchings.set(given.vouching, { assertion: given.word, leaf });
    await keep(await passkeyOf(tx, given.voucherPasskey));
  }
  return { passkeys: [...passkeys.values()], vouchings: [...vouchings.values()] };
}
