/**
 * What an authenticator says in a WebAuthn ceremony, and whether it was held for us. Pure: whether the signature fits is
 * verified elsewhere, and is one more fact.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import { equalBytes, utf8 } from '../audit/bytes.js';
import { unbase64url } from './base64url.js';

export type CeremonyKind = 'webauthn.create' | 'webauthn.get';

/** WebAuthn Level 3 §5.8.1: other members may come, and say nothing to us. */
const clientDataSchema = z.looseObject({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().optional(),
});
export type ClientData = Readonly<z.infer<typeof clientDataSchema>>;

/** What the browser signed along; undefined for bytes that are no client data. */
export function clientDataOf(clientDataJson: string): ClientData | undefined {
  const bytes = unbase64url(clientDataJson);
  if (!bytes) return undefined;
  try {
    return clientDataSchema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data;
  } catch {
    return undefined;
  }
}

export interface AuthenticatorData {
  readonly rpIdHash: Uint8Array;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly counter: number;
}

/** WebAuthn Level 3 §6.1: 32 bytes of hash, one of flags, four of counter. Undefined for less. */
export function authenticatorDataOf(bytes: Uint8Array): AuthenticatorData | undefined {
  if (bytes.length < 37) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(32);
  return {
    rpIdHash: bytes.slice(0, 32),
    userPresent: (flags & 0x01) !== 0,
    userVerified: (flags & 0x04) !== 0,
    counter: view.getUint32(33),
  };
}

export type CeremonyRefusal = 'proof_invalid' | 'other_challenge' | 'wrong_origin' | 'not_verified_user';

export interface CeremonyFacts {
  readonly kind: CeremonyKind;
  /** base64url of the bytes that were to be signed. */
  readonly challenge: string;
  readonly clientData: ClientData | undefined;
  readonly authenticator: AuthenticatorData | undefined;
  /** Relying parties of the rulebook's trust roots. */
  readonly rpIds: readonly string[];
}

/** Undefined when the ceremony was of this kind, for this challenge, at one of our sites, by a verified user. */
export function checkCeremony({
  kind,
  challenge,
  clientData,
  authenticator,
  rpIds,
}: CeremonyFacts): CeremonyRefusal | undefined {
  if (!clientData || !authenticator || clientData.type !== kind) return 'proof_invalid';
  if (clientData.challenge !== challenge) return 'other_challenge';
  const rpId = rpIdOf(clientData, rpIds);
  if (rpId === undefined || !equalBytes(authenticator.rpIdHash, sha256(utf8(rpId)))) return 'wrong_origin';
  return authenticator.userPresent && authenticator.userVerified ? undefined : 'not_verified_user';
}

/**
 * The relying party whose own page asked; undefined for any other page, and for one inside a foreign frame. A page is
 * served by `https:`; plain HTTP counts on localhost alone, which no rulebook of production names.
 */
export function rpIdOf({ origin, crossOrigin, topOrigin }: ClientData, rpIds: readonly string[]): string | undefined {
  if (crossOrigin === true || topOrigin !== undefined || !URL.canParse(origin)) return undefined;
  const url = new URL(origin);
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost');
  return secure && url.origin === origin ? rpIds.find((rpId) => rpId === url.hostname) : undefined;
}
