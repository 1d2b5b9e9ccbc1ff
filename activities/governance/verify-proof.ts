import type { Proof } from '../../src/approval/envelope.js';
import type { VerifiedProof, VoteOpening } from '../../src/approval/record-vote.tx.js';
import type { TokenVerifier } from '../../src/identity/tokens.gateway.js';
import { isSigned } from '../../src/passkey/verify-assertion.node.js';
import type { TrustRoots } from '../../src/rulebook/trust-roots.js';

/** Verifies the signature under a vote: by the issuer's keys, or by the key that the person enrolled. */
export async function verifyProof(
  deps: { readonly verifier: (roots: TrustRoots) => TokenVerifier },
  { rulebook: { trustRoots }, receivedAt, passkey }: VoteOpening,
  proof: Proof,
): Promise<VerifiedProof> {
  if (proof.kind === 'idp')
    return { kind: 'idp', token: await deps.verifier(trustRoots).vote(proof.idToken, receivedAt) };
  const { kind, idToken, ...assertion } = proof;
  return {
    kind,
    assertion,
    signed: passkey !== undefined && (await isSigned(assertion, passkey.publicKey, trustRoots.rpIds)),
    token: idToken === undefined ? undefined : await deps.verifier(trustRoots).vote(idToken, receivedAt),
  };
}
