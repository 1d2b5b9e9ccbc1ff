/** Passkeys of the sample's people: EdDSA, because it signs the same twice, with real signatures and their leaves. */
import { encodeCBOR, type CBORType } from '@levischuck/tiny-cbor';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { person, tenant, type PersonId } from '../../../src/action/ids.js';
import { decisionHash, type Decision } from '../../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { canonicalDigest, utf8 } from '../../../src/audit/bytes.js';
import type { LeafDraft } from '../../../src/audit/leaf.js';
import type { Assertion } from '../../../src/passkey/assertion.js';
import { base64url, unbase64url } from '../../../src/passkey/base64url.js';
import { passkeySchema, vouchingSchema } from '../../../src/passkey/ids.js';
import { keyDigests } from '../../../src/passkey/key-digests.js';
import { vouchingHash, type VouchingStatement } from '../../../src/passkey/vouching.js';
import { authenticatorBytes, clientDataJson } from '../passkey/ceremony-bytes.js';

const clinic = tenant('clinic');
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const numberOf = (of: PersonId): number => Number(of.slice(-6));

/** Those of the sample who have a passkey. */
export const holders: readonly PersonId[] = [2, 21, 22, 23].map((number) => person(id(number)));

export interface SampleKey {
  readonly owner: PersonId;
  readonly credential: string;
  /** COSE_Key. */
  readonly publicKey: Uint8Array;
  readonly secret: Uint8Array;
}

export function keyOf(owner: PersonId): SampleKey {
  const secret = sha256(utf8(owner));
  const members = new Map<number, CBORType>([
    [1, 1],
    [3, -8],
    [-1, 6],
    [-2, Uint8Array.from(ed25519.getPublicKey(secret))],
  ]);
  return { owner, credential: base64url(sha256(secret)), publicKey: encodeCBOR(members), secret };
}

const passkeyIdOf = (owner: PersonId) => passkeySchema.parse(id(500 + numberOf(owner)));

export function enrolledOf(owner: PersonId): LeafDraft<'passkey.enrolled'> {
  const passkey = passkeyIdOf(owner);
  return {
    kind: 'passkey.enrolled',
    key: passkey,
    data: {
      ...keyDigests(keyOf(owner)),
      passkey,
      person: owner,
      aaguid: id(0),
      rpId: 'localhost',
      method: 'idp',
      nonce: 'nonce',
      proof: canonicalDigest('registration'),
    },
  };
}

interface Signing {
  readonly flags?: number;
  readonly origin?: string;
}

function assertionBy(
  { credential, secret }: SampleKey,
  challenge: string,
  { flags = 0x05, origin = 'http://localhost:8787' }: Signing = {},
): Assertion {
  const clientDataJSON = clientDataJson('webauthn.get', { challenge, origin });
  const data = authenticatorBytes({ flags });
  const client = sha256(unbase64url(clientDataJSON) ?? new Uint8Array());
  const signature = ed25519.sign(Uint8Array.from([...data, ...client]), secret);
  return {
    credentialId: credential,
    clientDataJSON,
    authenticatorData: base64url(data),
    signature: base64url(signature),
  };
}

/** A decision under the approver's passkey, or under that of somebody else. */
export function byPasskey(
  of: Decision,
  hash = decisionHash(of, sha256),
  { by = of.approver, ...more }: Signing & { readonly by?: PersonId } = {},
): DecisionEnvelope {
  return { decision: of, proof: { kind: 'passkey', ...assertionBy(keyOf(by), hash, more) } };
}

/** The word of one person for the passkey of another, and its leaf. */
export interface SampleWord {
  readonly draft: LeafDraft<'passkey.vouched'>;
  readonly assertion: Assertion;
}

export function wordOf(voucher: PersonId, whose: PersonId, more: Partial<VouchingStatement> = {}): SampleWord {
  const vouching = vouchingSchema.parse(id(700 + numberOf(whose)));
  const statement: VouchingStatement = {
    ...keyDigests(keyOf(whose)),
    v: 1,
    tenant: clinic,
    vouching,
    passkey: passkeyIdOf(whose),
    person: whose,
    voucher,
    ...more,
  };
  const hash = vouchingHash(statement, sha256);
  const assertion = assertionBy(keyOf(voucher), hash);
  return {
    assertion,
    draft: {
      kind: 'passkey.vouched',
      key: vouching,
      data: {
        vouching,
        passkey: passkeyIdOf(whose),
        person: whose,
        voucher,
        voucherPasskey: passkeyIdOf(voucher),
        statement: hash,
        method: 'passkey',
        proof: canonicalDigest(assertion),
      },
    },
  };
}
