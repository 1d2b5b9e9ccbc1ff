import type { PoolClient } from 'pg';
import type { Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { activations } from './change/change.store.js';
import { RulebookError } from './problem.js';
import type { Rulebook } from './rulebook.js';
import type { ReadRulebook } from './rulebook.store.js';

export interface Governing {
  /** The active rulebook, or the last one before it that this build can read. */
  readonly lastGood: Rulebook;
  /** The active one if this build cannot read it: then nothing new is opened until another one is active. */
  readonly unreadable: Digest | undefined;
}

/**
 * What governs the tenant. A stored rulebook may no longer fit a later build, or not yet an earlier one; then people still
 * sign in and sign by the last good one, so that they can put it right.
 *
 * @throws Refusal `rulebook.missing`; RulebookError when none of them fits.
 */
export async function findGoverning(tx: PoolClient, read: ReadRulebook): Promise<Governing> {
  const [active, ...earlier] = await activations(tx);
  if (!active) throw new Refusal('rulebook.missing', 'No rulebook is active; run countersign migrate.');
  let unreadable: RulebookError | undefined;
  for (const { digest } of [active, ...earlier])
    try {
      return { lastGood: await read(tx, digest), unreadable: unreadable && active.digest };
    } catch (error) {
      if (!(error instanceof RulebookError)) throw error;
      unreadable ??= error;
    }
  throw unreadable ?? new Error('there is an active rulebook');
}

/** The rules by which one rulebook may be replaced: its own, or those of the last good one where it cannot be read. */
export async function findBase(tx: PoolClient, read: ReadRulebook, base: Digest): Promise<Rulebook> {
  try {
    return await read(tx, base);
  } catch (error) {
    if (error instanceof RulebookError) return (await findGoverning(tx, read)).lastGood;
    throw error;
  }
}
