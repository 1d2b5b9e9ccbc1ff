import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { decodeAttestationObject, parseAuthenticatorData, verifySignature } from '@simplewebauthn/server/helpers';
import { unbase64url } from './base64url.js';
import { authenticatorDataOf, type AuthenticatorData } from './ceremony.js';
import { algorithms, type Registration } from './registration.js';

/** A new credential as its authenticator describes it. */
export interface NewCredential {
  readonly credential: string;
  /** COSE_Key (RFC 9052). */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly aaguid: string;
}

/** The authenticator data inside an attestation object; undefined where there are none. */
export function attestedData(attestationObject: string): AuthenticatorData | undefined {
  const decoded = decodedObject(attestationObject);
  return decoded && authenticatorDataOf(decoded.authData);
}

/**
 * The credential of a registration whose ceremony was checked; undefined when its bytes do not fit together.
 *
 * Only attestation `none`, and a key's own, are taken: we ask for nothing else, and a chain of certificates would have us
 * fetch revocation lists from wherever it names.
 */
export async function verifiedRegistration(
  registration: Registration,
  { challenge, origin, rpId }: { readonly challenge: string; readonly origin: string; readonly rpId: string },
): Promise<NewCredential | undefined> {
  const { id, clientDataJSON, attestationObject } = registration;
  const decoded = decodedObject(attestationObject);
  if (!decoded || !(decoded.format === 'none' || (decoded.format === 'packed' && !decoded.certified))) return undefined;
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON, attestationObject },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...algorithms],
    });
    if (!verified || registrationInfo.credential.id !== id) return undefined;
    const { credential, aaguid } = registrationInfo;
    if (!(await isKey(credential.publicKey))) return undefined;
    return { credential: id, publicKey: credential.publicKey, counter: credential.counter, aaguid };
  } catch {
    return undefined; // the library throws for everything that does not fit, and says no more than that
  }
}

/** DER of r = s = 1: a signature in shape, and of nobody. */
const anySignature = Uint8Array.of(0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01);

/**
 * Whether a COSE key can be asked about a signature at all. Attestation `none` is no use of it, and a broken key would
 * come to light only when it refuses its person's votes.
 */
async function isKey(publicKey: Uint8Array): Promise<boolean> {
  const credentialPublicKey = Uint8Array.from(publicKey);
  try {
    await verifySignature({ signature: anySignature, data: new Uint8Array(), credentialPublicKey });
    return true;
  } catch {
    return false;
  }
}

interface Decoded {
  readonly format: string;
  readonly certified: boolean;
  readonly authData: Uint8Array;
}

function decodedObject(attestationObject: string): Decoded | undefined {
  const bytes = unbase64url(attestationObject);
  if (!bytes) return undefined;
  try {
    const decoded = decodeAttestationObject(Uint8Array.from(bytes));
    const authData = decoded.get('authData');
    parseAuthenticatorData(authData); // throws for bytes left over
    return { format: decoded.get('fmt'), certified: decoded.get('attStmt').get('x5c') !== undefined, authData };
  } catch {
    return undefined;
  }
}
