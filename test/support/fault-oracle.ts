/** What is believed of a round without asking the code under test: the EHR's own versions, the offline verifier, the tree. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { z } from 'zod';
import { equalBytes } from '../../src/audit/bytes.js';
import { bundleSchema } from '../../src/audit/bundle.js';
import { parseCheckpoint, type Checkpoint } from '../../src/audit/checkpoint.js';
import { dataOf, leafOf } from '../../src/audit/leaf.js';
import { consistencyProof, leafHash, rootOf, treeOf, verifyConsistency } from '../../src/audit/merkle.js';
import { openNote, parseVerifier } from '../../src/audit/note.js';
import { actionTagSystem } from '../../src/ehr/transaction.js';
import type { Version } from './fault-ehr.js';
import { run } from './run.js';
import { until } from './until.js';

/** How many of these versions an action says it wrote. */
export function writtenBy(versions: readonly Version[], action: string): number {
  const ours = (version: Version) =>
    version.meta.tag?.some(({ system, code }) => system === actionTagSystem && code === action) === true;
  return versions.filter(ours).length;
}

export interface Judged {
  /** As `countersign audit verify` says, in a process of its own that knows one key and nothing else. */
  readonly verified: string;
  /** Statuses of the outcome leaves, in their order. */
  readonly outcomes: readonly string[];
  readonly leaves: readonly number[];
}

/** @param text the evidence as the API gave it. */
export async function judgeEvidence(text: string, vkey: string): Promise<Judged> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-evidence-'));
  try {
    const file = join(folder, 'evidence.json');
    writeFileSync(file, text, { mode: 0o600 });
    const { code, stdout } = await run('dist/src/cli/main.js', ['audit', 'verify', file, '--vkey', vkey, '--json']);
    const { status, problems } = z
      .looseObject({ status: z.string(), problems: z.array(z.looseObject({ code: z.string() })).optional() })
      .parse(JSON.parse(stdout));
    const leaves = bundleSchema
      .parse(JSON.parse(text))
      .leaves.map(({ leaf }) => leafOf(new TextEncoder().encode(leaf)));
    return {
      verified: code === 0 ? status : [status, ...(problems ?? []).map((problem) => problem.code)].join(' '),
      outcomes: leaves.flatMap((leaf) => dataOf(leaf, 'action.outcome')?.status ?? []),
      leaves: leaves.map(({ index }) => index),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const leafRow = z.object({ index: z.int(), bytes: z.instanceof(Buffer) });

/** Every leaf that anybody was ever shown, and the newest checkpoint: nothing of it may be gone or another later. */
export class SeenLog {
  readonly #admin: Pool;
  readonly #vkey: string;
  #leaves: readonly Buffer[] = [];
  #checkpoint: Checkpoint | undefined;

  constructor(admin: Pool, vkey: string) {
    this.#admin = admin;
    this.#vkey = vkey;
  }

  get size(): number {
    return this.#leaves.length;
  }

  /** Reads every leaf that is committed now. @throws Error when one that was seen before is gone or altered. */
  async look(): Promise<void> {
    // The server may be starting again.
    const rows = await until(() => this.#read().catch(() => undefined));
    const now = rows.map((row) => leafRow.parse(row));
    if (now.some(({ index }, at) => index !== at)) throw new Error('the log has a gap');
    if (now.length < this.#leaves.length) throw new Error('leaves that were committed are gone');
    const altered = this.#leaves.findIndex((bytes, at) => !now[at]?.bytes.equals(bytes));
    if (altered >= 0) throw new Error(`leaf ${altered} is another one now`);
    this.#leaves = now.map(({ bytes }) => bytes);
  }

  /**
   * Takes a note that the API answered with.
   *
   * @throws Error when the log's key did not sign it, or its tree is no successor of the last one, or not of these leaves.
   */
  async follow(note: string): Promise<void> {
    const verifier = parseVerifier(this.#vkey);
    const body = verifier && openNote(note, [verifier]);
    const next = body === undefined ? undefined : parseCheckpoint(body);
    if (!next) throw new Error('nobody signed this checkpoint');
    await this.look();
    const hashes = this.#leaves.slice(0, next.size).map((bytes) => leafHash(bytes));
    if (hashes.length !== next.size || !equalBytes(rootOf(hashes), next.root))
      throw new Error('the checkpoint is of other leaves');
    const before = this.#checkpoint;
    this.#checkpoint = next;
    if (!before || before.size === 0) return;
    const proof = consistencyProof(treeOf(hashes), before.size);
    const claim = { size1: before.size, root1: before.root, size2: next.size, root2: next.root, proof };
    if (!verifyConsistency(claim)) throw new Error('the newer tree does not contain the older one');
  }

  async #read(): Promise<readonly unknown[]> {
    const found = await this.#admin.query('SELECT index::int, bytes FROM countersign.audit_leaf ORDER BY index');
    return found.rows;
  }
}
