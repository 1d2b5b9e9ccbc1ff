/** The two WebAuthn ceremonies, each with its user verified; what comes out is what the API takes. */
import { base64url, unbase64, type Bytes } from './bytes.js';
import { Failure } from './failure.js';
import { listAt, objectAt, textAt, textsAt, type JsonObject } from './json.js';

/** The parts of a registration that count. A type and no interface: it is kept as JSON over a sign-in. */
export type Registration = {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports: readonly string[];
};

/** A passkey's signature; kept as JSON over a sign-in too. */
export type Assertion = {
  readonly credentialId: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle?: string;
};

/** Makes a passkey as the API's answer to an enrolment asks. @throws Failure `passkey.*`. */
export async function createPasskey(enrolment: JsonObject): Promise<Registration> {
  const user = objectAt(enrolment, 'user');
  const credential = await carriedOut(
    navigator.credentials.create({
      publicKey: {
        rp: { id: ownSite(textAt(enrolment, 'rpId')), name: 'Countersign' },
        user: {
          id: unbase64(textAt(user, 'id')),
          name: textAt(user, 'name'),
          displayName: textAt(user, 'displayName'),
        },
        challenge: unbase64(textAt(enrolment, 'challenge')),
        pubKeyCredParams: listAt(enrolment, 'algorithms').map((alg) => ({ type: 'public-key', alg: Number(alg) })),
        excludeCredentials: textsAt(enrolment, 'exclude').map(named),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        attestation: 'none',
      },
    }),
  );
  const { response } = credential;
  if (!(response instanceof AuthenticatorAttestationResponse)) throw unusable();
  return {
    id: credential.id,
    clientDataJSON: base64url(response.clientDataJSON),
    attestationObject: base64url(response.attestationObject),
    transports: response.getTransports(),
  };
}

export interface Signing {
  /** What is signed. */
  readonly hash: Bytes;
  readonly rpId: string;
  /** Credentials of the person; one of them signs. */
  readonly credentials: readonly string[];
}

/** Has the person's passkey sign. @throws Failure `passkey.*`. */
export async function signWithPasskey({ hash, rpId, credentials }: Signing): Promise<Assertion> {
  const credential = await carriedOut(
    navigator.credentials.get({
      publicKey: {
        challenge: hash,
        rpId: ownSite(rpId),
        allowCredentials: credentials.map(named),
        userVerification: 'required',
      },
    }),
  );
  const { response } = credential;
  if (!(response instanceof AuthenticatorAssertionResponse)) throw unusable();
  const { userHandle } = response;
  return {
    credentialId: credential.id,
    clientDataJSON: base64url(response.clientDataJSON),
    authenticatorData: base64url(response.authenticatorData),
    signature: base64url(response.signature),
    ...(userHandle !== null && userHandle.byteLength > 0 && { userHandle: base64url(userHandle) }),
  };
}

function named(id: string): PublicKeyCredentialDescriptor {
  return { type: 'public-key', id: unbase64(id) };
}

/** A passkey of this installation is of the very host that serves its pages. */
function ownSite(rpId: string): string {
  if (rpId === location.hostname) return rpId;
  throw new Failure('page.elsewhere', `Passkeys of this installation belong to ${rpId}. Open the page there.`);
}

async function carriedOut(ceremony: Promise<Credential | null>): Promise<PublicKeyCredential> {
  const credential = await ceremony.catch((error: unknown) => {
    throw failureOf(error);
  });
  if (!(credential instanceof PublicKeyCredential)) throw unusable();
  return credential;
}

/** WebAuthn Level 3 §14.5: browsers tell cancelling, waiting too long and a failed verification by one name. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  switch (error.name) {
    case 'NotAllowedError':
      return new Failure(
        'passkey.cancelled',
        'Nothing was signed: it was cancelled, took too long, or your device could not make sure that it is you. Try again.',
      );
    case 'InvalidStateError':
      return new Failure(
        'passkey.exists',
        'This device holds a passkey of yours already. Use that one, or another device.',
      );
    default:
      return unusable();
  }
}

function unusable(): Failure {
  return new Failure('passkey.unusable', 'This browser or device cannot use a passkey here. Try another one.');
}
