/** One round of the signer: read what is new, compare it with what was signed, sign, remember, publish, report. */
import type { Pool, PoolClient } from 'pg';
import type { TenantId } from '../action/ids.js';
import { hex } from '../audit/bytes.js';
import { formatCheckpoint, parseCheckpoint } from '../audit/checkpoint.js';
import { checkpointCovering, logSize } from '../audit/leaf.store.js';
import { openNote, signNote, type Signer } from '../audit/note.js';
import { inTenant } from '../database/transaction.js';
import { logOrigin, publishCheckpoint, reportWord, type SignerWord } from './checkpoint.store.js';
import type { Mark, MarkFile } from './mark.node.js';
import { pageProblem, readLog, type Anchor } from './read-log.store.js';
import { nothingRead, type Reading } from './reading.js';

export interface SignLogDeps {
  readonly pool: Pool;
  readonly tenant: TenantId;
  /** Its name is the log's origin. */
  readonly signer: Signer;
  readonly mark: MarkFile;
}

export type RefusedReason =
  /** The database knows no such tenant, or gives its log another origin than the key's. */
  | 'origin.other'
  | 'mark.other_origin'
  /** The database holds fewer leaves than were signed: an old backup, or a loss. */
  | 'database.behind'
  | 'leaf.missing'
  | 'leaf.malformed'
  | 'leaf.changed'
  /** The newest published checkpoint is not signed with this key. */
  | 'checkpoint.foreign'
  /** Two checkpoints of one size: somebody else signs with this key, and sees another log. */
  | 'checkpoint.other';

export type Round =
  | { readonly status: 'signed' | 'current'; readonly size: number }
  | { readonly status: 'refused'; readonly reason: RefusedReason };

/**
 * Makes the rounds of one log. A round that refuses forgets what was read, so that the next one reads all of it again:
 * a database that was mended is trusted as far as its leaves fit the mark, and no further.
 *
 * The mark is written before the checkpoint is published: whatever happens in between, no shorter or other tree of this
 * log is ever signed afterwards.
 *
 * Each round ends with the signer's word in the database. A round whose word could not be left did not end well: nothing
 * is done under a log that nobody vouches for, so it must show here as well as at the gateways.
 */
export function logRounds(deps: SignLogDeps): () => Promise<Round> {
  let reading = nothingRead;
  let round = 0;
  return async () => {
    round += 1;
    const read = await inTenant(deps.pool, deps.tenant, (tx) => judge(tx, deps, reading, round));
    const done = read.status === 'refused' ? read : await publish(deps, read);
    reading = read.status === 'refused' || done.status === 'refused' ? nothingRead : read.reading;
    await inTenant(deps.pool, deps.tenant, (tx) => reportWord(tx, wordAfter(done, deps.mark)));
    return done;
  };
}

function wordAfter(done: Round, mark: MarkFile): SignerWord {
  return done.status === 'refused'
    ? { status: 'refusing', size: mark.read()?.size ?? 0 }
    : { status: 'signing', size: done.size };
}

interface Judged extends Anchor {
  readonly status: 'fit';
  readonly reading: Reading;
  readonly signedSize: number;
  readonly publishedSize: number;
}

type Refused = Extract<Round, { status: 'refused' }>;

const refused = (reason: RefusedReason): Refused => ({ status: 'refused', reason });

async function judge(
  tx: PoolClient,
  { tenant, signer, mark }: SignLogDeps,
  before: Reading,
  round: number,
): Promise<Judged | Refused> {
  if ((await logOrigin(tx)) !== signer.name) return refused('origin.other');
  const signed = mark.read();
  if (signed && signed.origin !== signer.name) return refused('mark.other_origin');
  const size = await logSize(tx);
  const newest = await checkpointCovering(tx, 0);
  const published = newest && openOwn(newest, signer);
  if (newest && !published) return refused('checkpoint.foreign');
  if (signed && published?.size === signed.size && hex(published.root) !== signed.root)
    return refused('checkpoint.other');
  if (size < (signed?.size ?? 0) || size < (published?.size ?? 0)) return refused('database.behind');
  const changed = await pageProblem(tx, tenant, before, round);
  if (changed) return refused(changed);
  const anchors = [...(signed ? [anchorOf(signed)] : []), ...(published ? [published] : [])];
  const read = await readLog(tx, { tenant, size, anchors }, before);
  if (read.status === 'refused') return read;
  const { reading, root } = read;
  return { status: 'fit', size, root, reading, signedSize: signed?.size ?? 0, publishedSize: published?.size ?? 0 };
}

async function publish(
  { pool, tenant, signer, mark }: SignLogDeps,
  { size, root, signedSize, publishedSize }: Judged,
): Promise<Round> {
  if (size > signedSize) mark.write({ v: 1, origin: signer.name, size, root: hex(root) });
  if (size === publishedSize) return { status: 'current', size };
  const note = signNote(formatCheckpoint({ origin: signer.name, size, root }), signer);
  try {
    await inTenant(pool, tenant, (tx) => publishCheckpoint(tx, size, note));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === uniqueViolation) return refused('checkpoint.other');
    throw error;
  }
  return { status: 'signed', size };
}

const uniqueViolation = '23505';

/** A published checkpoint, if this key signed it for this log and its row says the same size. */
function openOwn({ size, note }: { readonly size: number; readonly note: string }, signer: Signer): Anchor | undefined {
  const body = openNote(note, [signer]);
  const checkpoint = body === undefined ? undefined : parseCheckpoint(body);
  return checkpoint?.origin === signer.name && checkpoint.size === size ? checkpoint : undefined;
}

function anchorOf({ size, root }: Mark): Anchor {
  return { size, root: Uint8Array.from(root.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)) };
}
