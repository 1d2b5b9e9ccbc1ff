import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { readPolicyFolder } from '../../rulebook/policy-folder.node.js';
import type { SandboxAgent } from './secrets.js';

/** Its records are kept for zero days, so that a demonstration can show a disposal. Production refuses their class. */
const throwaway: SandboxAgent = 'throwaway-agent';

/** Holds the digest of what was written here last: files that make another one are somebody's own. */
const marker = '.written';

/**
 * The rulebook that ships, in a folder of its own, with two differences: the record class of one agent, and roles that
 * count for changes of the rules at once. `kept` when somebody has edited the files since: they stay.
 */
export function writeDevPolicies(shipped: string, folder: string): 'written' | 'kept' {
  const note = join(folder, marker);
  if (existsSync(note) && readFileSync(note, 'utf8') !== digestOf(folder)) return 'kept';
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(shipped)) if (/\.ya?ml$/.test(name)) cpSync(join(shipped, name), join(folder, name));
  change(folder, 'retention.yaml', ['agents', throwaway], 'sandbox_demo');
  change(folder, 'roles.yaml', ['changes', 'granted_for'], '1s');
  writeFileSync(note, digestOf(folder));
  return 'written';
}

function change(folder: string, name: string, path: readonly string[], value: string): void {
  const file = join(folder, name);
  const document = parseDocument(readFileSync(file, 'utf8'));
  document.setIn(path, value);
  writeFileSync(file, document.toString());
}

function digestOf(folder: string): string {
  const files = Object.entries(readPolicyFolder(folder)).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(files)).digest('hex');
}
