/** Whether a published checkpoint covers a leaf of this log: signed by a key that the rulebook trusts, and large enough. */
import { parseCheckpoint } from './checkpoint.js';
import { openNote, parseVerifier } from './note.js';

export interface TrustedLog {
  /** C2SP origin of the tenant's log, which is its key's name too. */
  readonly origin: string;
  /** Verifier keys of the rulebook's trust roots, of whatever logs. */
  readonly keys: readonly string[];
}

/** False for every note that is not plainly this log's. It does NOT show that the leaf is in the tree: a bundle does. */
export function covers(note: string, leaf: number, { origin, keys }: TrustedLog): boolean {
  const own = keys.flatMap((key) => parseVerifier(key) ?? []).filter(({ name }) => name === origin);
  const body = openNote(note, own);
  const checkpoint = body === undefined ? undefined : parseCheckpoint(body);
  return checkpoint?.origin === origin && checkpoint.size > leaf;
}
