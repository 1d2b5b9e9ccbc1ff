import { Refusal, isRetryable, type RefusalCode } from '../../src/action/refusal.js';
import type { TokenVerifier } from '../../src/identity/tokens.gateway.js';
import type { EnrolmentAnswer, OfferCase } from '../../src/passkey/enrolment.js';
import { checkRegistration, type OfferRefusal } from '../../src/passkey/enrolment-proof.js';
import {
  openOffer,
  recordEnrolment,
  refuseOffer,
  type OfferOpening,
  type RecordEnrolmentDeps,
  type VerifiedOffer,
} from '../../src/passkey/record-enrolment.tx.js';
import { attestedData, verifiedRegistration } from '../../src/passkey/verify-registration.node.js';
import type { TrustRoots } from '../../src/rulebook/trust-roots.js';
import type { Semaphore } from './semaphore.js';

/** The local activity of the enrolment workflow; first writer wins. */
export interface EnrolmentActivities {
  /** Verifies what came for an enrolment and makes the passkey, or keeps why not. */
  recordEnrolment(of: OfferCase): Promise<EnrolmentAnswer>;
}

export interface EnrolmentActivityDeps extends RecordEnrolmentDeps {
  /** Verifies tokens of these trust roots. */
  readonly verifier: (roots: TrustRoots) => TokenVerifier;
  /** How many verifications may be in flight, those of votes included. */
  readonly verifications: Semaphore;
}

export function enrolmentActivities(deps: EnrolmentActivityDeps): EnrolmentActivities {
  return {
    async recordEnrolment(of) {
      const opened = await openOffer(deps, of);
      if (opened.status === 'answered') return opened.answer;
      const verified = await deps.verifications.run(() => verifyOffer(deps, opened));
      return verified.status === 'refused'
        ? refuseOffer(deps, of, opened, verified.code)
        : recordEnrolment(deps, of, opened, verified);
    },
  };
}

type Verification =
  ({ readonly status: 'verified' } & VerifiedOffer) | { readonly status: 'refused'; readonly code: OfferRefusal };

/** The key first: it needs no network. @throws Refusal `identity.unreachable`, which is worth repeating. */
async function verifyOffer(
  { verifier }: Pick<EnrolmentActivityDeps, 'verifier'>,
  { challenge, offer: { registration, idToken }, receivedAt, rulebook: { trustRoots } }: OfferOpening,
): Promise<Verification> {
  const authenticator = attestedData(registration.attestationObject);
  const { rpIds } = trustRoots;
  const checked = checkRegistration({ registration, authenticator, challenge, rpIds });
  if (checked.status === 'refused') return checked;
  const { origin, rpId } = checked;
  const credential = await verifiedRegistration(registration, { challenge, origin, rpId });
  if (!credential) return { status: 'refused', code: 'passkey.proof_invalid' };
  const token = await verifier(trustRoots)
    .vote(idToken, receivedAt)
    .catch((error: unknown) => codeOf(error));
  return typeof token === 'string'
    ? { status: 'refused', code: token }
    : { status: 'verified', credential, rpId, token };
}

/** An access token is refused under these codes too: the caller must be able to tell which of theirs was meant. */
const tokenCodes: ReadonlyMap<RefusalCode, OfferRefusal> = new Map<RefusalCode, OfferRefusal>([
  ['token.audience', 'passkey.token_audience'],
  ['token.expired', 'passkey.token_expired'],
  ['token.invalid', 'passkey.token_invalid'],
  ['token.issuer', 'passkey.token_issuer'],
]);

function codeOf(error: unknown): OfferRefusal {
  const code = error instanceof Refusal && !isRetryable(error.code) ? tokenCodes.get(error.code) : undefined;
  if (code === undefined) throw error;
  return code;
}
