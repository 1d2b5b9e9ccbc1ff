import { countWord, openWord, type RecordWordDeps } from '../../src/passkey/record-word.tx.js';
import { isSigned } from '../../src/passkey/verify-assertion.node.js';
import type { VouchingAnswer, WordCase } from '../../src/passkey/vouching.js';
import type { Semaphore } from './semaphore.js';

/** The local activity of the vouching workflow; first writer wins. */
export interface VouchingActivities {
  /** Verifies what came for a vouching and makes it count, or keeps why not. */
  recordWord(of: WordCase): Promise<VouchingAnswer>;
}

export interface VouchingActivityDeps extends RecordWordDeps {
  /** How many verifications may be in flight, those of votes included. */
  readonly verifications: Semaphore;
}

export function vouchingActivities(deps: VouchingActivityDeps): VouchingActivities {
  return {
    async recordWord(of) {
      const opened = await openWord(deps, of);
      if (opened.status === 'answered') return opened.answer;
      const { word, passkey, rpIds } = opened;
      const signed =
        passkey !== undefined && (await deps.verifications.run(() => isSigned(word, passkey.publicKey, rpIds)));
      return countWord(deps, of, opened, signed);
    },
  };
}
