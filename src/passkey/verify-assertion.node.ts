import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import type { Assertion } from './assertion.js';
import { clientDataOf, rpIdOf } from './ceremony.js';

/**
 * Whether this key signed the assertion, in a ceremony at one of these relying parties. That it was for the right
 * challenge is judged apart, so that a refusal can say what was wrong.
 */
export async function isSigned(
  { credentialId: id, clientDataJSON, authenticatorData, signature }: Assertion,
  publicKey: Uint8Array,
  rpIds: readonly string[],
): Promise<boolean> {
  const clientData = clientDataOf(clientDataJSON);
  const rpId = clientData && rpIdOf(clientData, rpIds);
  if (!clientData || rpId === undefined) return false;
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON, authenticatorData, signature },
      },
      expectedChallenge: clientData.challenge,
      expectedOrigin: clientData.origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      // The counter is judged under the passkey's lock.
      credential: { id, publicKey: Uint8Array.from(publicKey), counter: 0 },
    });
    return verified;
  } catch {
    return false; // the library throws for everything that does not fit, and says no more than that
  }
}
