/**
 * What the page checks before somebody vouches: that the bytes to be signed are of the passkey and the fingerprint that
 * were shown. The API opened the vouching; it is not asked to be believed.
 */
import { base64url, hex, sha256, utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { objectAt, objectOf, textAt, textOrNullAt, textsAt, type JsonObject } from './json.js';

/** A passkey of somebody else, as the API tells about it. */
export interface OthersPasskey {
  readonly id: string;
  readonly owner: string;
  readonly fingerprint: string;
  readonly enrolledAt: string;
  readonly revokedAt: string | null;
  /** Who vouched for it; null for nobody. */
  readonly vouchedBy: string | null;
}

export function othersPasskeyOf(value: unknown): OthersPasskey {
  const view = objectOf(value);
  return {
    id: textAt(view, 'id'),
    owner: textAt(view, 'owner'),
    fingerprint: textAt(view, 'fingerprint'),
    enrolledAt: textAt(view, 'enrolledAt'),
    revokedAt: textOrNullAt(view, 'revokedAt'),
    vouchedBy: vouchedByOf(view),
  };
}

/** Who vouched for a passkey, in either of the API's views of one. */
export function vouchedByOf(view: JsonObject): string | null {
  return view['vouched'] === null ? null : textAt(objectAt(view, 'vouched'), 'by');
}

export interface Vouching {
  readonly statement: JsonObject;
  /** As the API says; it is computed here again. */
  readonly hash: string;
  readonly rpId: string;
  readonly credentials: readonly string[];
  readonly expiresAt: string;
}

export function vouchingOf(value: unknown): Vouching {
  const view = objectOf(value);
  return {
    statement: objectAt(view, 'statement'),
    hash: textAt(view, 'hash'),
    rpId: textAt(view, 'rpId'),
    credentials: textsAt(view, 'credentials'),
    expiresAt: textAt(view, 'expiresAt'),
  };
}

/** What differs, as a word for people; undefined when nothing does. */
export async function vouchingDiffers(
  { id, fingerprint }: OthersPasskey,
  { statement, hash }: Vouching,
): Promise<string | undefined> {
  const bytes = utf8(`countersign-vouching/v1\n${canonicalJson(statement)}`);
  const same: readonly (readonly [string, boolean])[] = [
    ['hash', base64url(await sha256(bytes)) === hash],
    ['version', statement['v'] === 1],
    ['passkey', statement['passkey'] === id],
    ['fingerprint', (await fingerprintOf(statement)) === fingerprint],
  ];
  return same.find(([, holds]) => !holds)?.[0];
}

async function fingerprintOf(statement: JsonObject): Promise<string> {
  const lines = ['countersign-passkey/v1', textAt(statement, 'credential'), textAt(statement, 'publicKey')];
  return (
    hex(await sha256(utf8(lines.join('\n'))))
      .slice(0, 20)
      .match(/.{4}/g) ?? []
  ).join('-');
}
