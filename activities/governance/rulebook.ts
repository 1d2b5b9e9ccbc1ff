import { isSigned } from '../../src/passkey/verify-assertion.node.js';
import { activateRulebookOf } from '../../src/rulebook/change/activate.tx.js';
import { openProof, recordSignature, type RecordSignatureDeps } from '../../src/rulebook/change/record-signature.tx.js';
import type { ActivationCase, ChangeAnswer, SignatureCase } from '../../src/rulebook/change/signature-case.js';
import type { Semaphore } from './semaphore.js';

/** Local activities of a change of the rules; first writer wins. */
export interface RulebookActivities {
  /** Verifies one signature and counts it, or keeps why not. */
  signRulebook(of: SignatureCase): Promise<ChangeAnswer>;
  /** Verifies every signature of a proposal once more and makes it the active rulebook, or says why not. */
  activateRulebook(of: ActivationCase): Promise<ChangeAnswer>;
}

export interface RulebookActivityDeps extends RecordSignatureDeps {
  /** How many verifications may be in flight, those of votes included. */
  readonly verifications: Semaphore;
}

export function rulebookActivities(deps: RulebookActivityDeps): RulebookActivities {
  return {
    async signRulebook(of) {
      const opened = await openProof(deps, of);
      if (opened.status === 'answered') return opened.answer;
      const { assertion, passkey, base } = opened;
      const signed = await deps.verifications.run(
        async () => passkey !== undefined && (await isSigned(assertion, passkey.publicKey, base.trustRoots.rpIds)),
      );
      return recordSignature(deps, of, opened, signed);
    },
    activateRulebook: (of) => activateRulebookOf({ ...deps, isSigned }, of),
  };
}
