/** Rules that are edited while a development stack runs: a good change governs at once, a bad one changes nothing. */
import { readFileSync, watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tenant as tenantId } from '../../action/ids.js';
import { appendLeaf } from '../../audit/append.store.js';
import { canonicalDigest } from '../../audit/bytes.js';
import { createLog } from '../../config/log.js';
import { openPool } from '../../database/pool.js';
import { actAsOwner, inTenant } from '../../database/transaction.js';
import { unreadableLeaf } from '../../rulebook/change/change-leaves.js';
import { installRulebook, type Installed } from '../../rulebook/install.tx.js';
import { loadRulebook, type RulebookFiles } from '../../rulebook/load.js';
import { readPolicyFolder } from '../../rulebook/policy-folder.node.js';
import { RulebookError } from '../../rulebook/problem.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import type { Progress } from '../terminal.js';

export interface WatchedPolicies {
  readonly folder: string;
  /** JSON file. */
  readonly trustRoots: string;
  readonly tenant: string;
  /** URL of the administrator. */
  readonly database: string;
  readonly progress: Progress;
}

/** Milliseconds in which an editor has written all that it writes. */
const settling = 200;

/** Watches until it is stopped; stopping waits for a change that is being taken over. */
export function watchPolicies(watched: WatchedPolicies): () => Promise<void> {
  const off = new AbortController();
  let last = canonicalDigest(readPolicyFolder(watched.folder));
  let running: Promise<void> = Promise.resolve();
  let waiting = false;

  async function takeOver(): Promise<void> {
    await sleep(settling);
    waiting = false;
    if (off.signal.aborted) return;
    const files = readPolicyFolder(watched.folder);
    const name = canonicalDigest(files);
    if (name === last) return;
    await applyPolicies(watched, files);
    last = name;
  }

  const watcher = watch(watched.folder, { signal: off.signal }, () => {
    if (waiting) return;
    waiting = true;
    running = running.then(takeOver).catch((error: unknown) => {
      // The folder is gone, or the database is: the rules stay as they are.
      watched.progress(`rules              unchanged: ${error instanceof Error ? error.message : 'unknown trouble'}`);
    });
  });
  watcher.on('error', () => undefined); // the folder is gone
  return async () => {
    off.abort();
    await running;
  };
}

/** Makes these files the active rulebook, or says what is wrong with them and leaves that on the log. */
async function applyPolicies(
  { trustRoots, tenant, database, progress }: WatchedPolicies,
  files: RulebookFiles,
): Promise<void> {
  const pool = openPool(database, { process: 'dev', log: createLog('dev', 'error') });
  try {
    const roots: unknown = JSON.parse(readFileSync(trustRoots, 'utf8'));
    const loaded = load(files, roots);
    if (loaded instanceof RulebookError) {
      for (const line of loaded.message.split('\n')) progress(`rules              ${line}`);
      progress('rules              unchanged: the last good ones stay');
      const leaf = unreadableLeaf(canonicalDigest(files));
      await inTenant(pool, tenantId(tenant), async (tx) => {
        await actAsOwner(tx);
        await appendLeaf(tx, leaf);
      });
      return;
    }
    const installed = await installRulebook(pool, tenantId(tenant), loaded, { production: false });
    progress(`rules              ${loaded.digest.slice(0, 12)} ${words[installed]}`);
  } finally {
    await pool.end();
  }
}

const words: Readonly<Record<Installed, string>> = {
  activated: 'govern from here on, by one person: production asks two',
  was_active: 'govern already',
  needs_signatures: 'do not govern: two people sign them here',
};

function load(files: RulebookFiles, roots: unknown): Rulebook | RulebookError {
  try {
    return loadRulebook(files, roots);
  } catch (error) {
    if (error instanceof RulebookError) return error;
    throw error;
  }
}
