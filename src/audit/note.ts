/** C2SP signed notes with Ed25519 keys (https://c2sp.org/signed-note). Pure, so that a browser can verify. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64, equalBytes, hex, unbase64, utf8 } from './bytes.js';

/** Signature type of plain Ed25519 keys. */
const ed25519Type = 1;
const secretPrefix = 'PRIVATE+KEY+';

export interface Verifier {
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** First four bytes of SHA-256(name || "\n" || type || key): tells keys of one name apart, and proves nothing. */
  readonly keyId: Uint8Array;
}

export interface Signer extends Verifier {
  readonly secretKey: Uint8Array;
}

function keyIdOf(name: string, publicKey: Uint8Array): Uint8Array {
  return sha256
    .create()
    .update(utf8(`${name}\n`))
    .update(Uint8Array.of(ed25519Type))
    .update(publicKey)
    .digest()
    .slice(0, 4);
}

/** A verifier from its text `name+keyid+base64`; undefined for anything malformed or of another type. */
export function parseVerifier(vkey: string): Verifier | undefined {
  const [name, id, encoded, ...more] = splitKey(vkey);
  const key = encoded === undefined ? undefined : unbase64(encoded);
  if (!name || !id || !key || more.length > 0 || key.length !== 33 || key[0] !== ed25519Type) return undefined;
  const publicKey = key.slice(1);
  const keyId = keyIdOf(name, publicKey);
  return hex(keyId) === id && validName(name) ? { name, publicKey, keyId } : undefined;
}

/** base64 may hold a plus sign, so only the first two separate. */
function splitKey(vkey: string): string[] {
  const first = vkey.indexOf('+');
  const second = vkey.indexOf('+', first + 1);
  return first < 1 || second < 0 ? [] : [vkey.slice(0, first), vkey.slice(first + 1, second), vkey.slice(second + 1)];
}

export function formatVerifier({ name, publicKey, keyId }: Verifier): string {
  return `${name}+${hex(keyId)}+${base64(Uint8Array.of(ed25519Type, ...publicKey))}`;
}

/** The log's secret as a text file: `PRIVATE+KEY+name+keyid+base64`, the form that Go's sumdb and Tessera read. */
export function formatSigner({ name, keyId, secretKey }: Signer): string {
  return `${secretPrefix}${name}+${hex(keyId)}+${base64(Uint8Array.of(ed25519Type, ...secretKey))}`;
}

/** Reads {@link formatSigner}; undefined for anything malformed. */
export function parseSigner(skey: string): Signer | undefined {
  if (!skey.startsWith(secretPrefix)) return undefined;
  const [name, id, encoded] = splitKey(skey.slice(secretPrefix.length));
  const key = encoded === undefined ? undefined : unbase64(encoded);
  if (!name || !validName(name) || key?.length !== 33 || key[0] !== ed25519Type) return undefined;
  const signer = signerOf(name, key.slice(1));
  return hex(signer.keyId) === id ? signer : undefined;
}

/** A signer from 32 secret bytes. @throws RangeError for a name with blanks or plus signs. */
export function signerOf(name: string, secretKey: Uint8Array): Signer {
  if (!validName(name)) throw new RangeError('a note key name holds no blank and no plus sign');
  const publicKey = ed25519.getPublicKey(secretKey);
  return { name, publicKey, keyId: keyIdOf(name, publicKey), secretKey };
}

/** Body, blank line, one signature line. @throws RangeError for a body that does not end in a newline. */
export function signNote(body: string, signer: Signer): string {
  if (!body.endsWith('\n') || hasControls(body)) throw new RangeError('not a note body');
  const signature = ed25519.sign(utf8(body), signer.secretKey);
  return `${body}\n— ${signer.name} ${base64(Uint8Array.of(...signer.keyId, ...signature))}\n`;
}

/**
 * The body, if at least one of these verifiers signed it, and no signature in the name of one of them is false;
 * undefined for everything else. Signatures of others are passed over, as the format asks: they may be cosignatures.
 */
export function openNote(note: string, verifiers: readonly Verifier[]): string | undefined {
  const parts = splitNote(note);
  const known = parts?.signatures.flatMap(({ name, bytes }) => {
    const of = verifiers.filter((each) => each.name === name && equalBytes(each.keyId, bytes.slice(0, 4)));
    return of.map(
      ({ publicKey }) =>
        bytes.length === 68 &&
        // Strict RFC 8032: the default would take encodings that other verifiers of the same note refuse.
        ed25519.verify(bytes.slice(4), utf8(parts.body), publicKey, { zip215: false }),
    );
  });
  return known && known.length > 0 && known.every((genuine) => genuine) ? parts?.body : undefined;
}

/** What a note says, whoever signed it or nobody: believe it only as far as something else shows it. */
export function unverifiedBody(note: string): string | undefined {
  return splitNote(note)?.body;
}

interface SplitNote {
  readonly body: string;
  readonly signatures: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

function splitNote(note: string): SplitNote | undefined {
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || !note.endsWith('\n') || hasControls(note)) return undefined;
  const lines = note.slice(at + 2, -1).split('\n');
  const signatures = lines.flatMap((line) => {
    const [, name, encoded] = /^— ([^ +]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    const bytes = encoded === undefined ? undefined : unbase64(encoded);
    return name === undefined || bytes === undefined ? [] : [{ name, bytes }];
  });
  return signatures.length === lines.length ? { body: note.slice(0, at + 1), signatures } : undefined;
}

function hasControls(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- what the format forbids: everything below a blank but the newline
  return /[\u0000-\u0009\u000b-\u001f\u007f]/.test(text);
}

function validName(name: string): boolean {
  return name.length > 0 && !/[\s+]/u.test(name);
}
