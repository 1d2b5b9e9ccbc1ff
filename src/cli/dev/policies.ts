import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { SandboxAgent } from './secrets.js';

/** Its records are kept for zero days, so that a demonstration can show a disposal. Production refuses their class. */
const throwaway: SandboxAgent = 'throwaway-agent';

/** The rulebook that ships, in a folder of its own, with one difference: the record class of one agent. */
export function writeDevPolicies(shipped: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(shipped)) if (/\.ya?ml$/.test(name)) cpSync(join(shipped, name), join(folder, name));
  const file = join(folder, 'retention.yaml');
  const retention = parseDocument(readFileSync(file, 'utf8'));
  retention.setIn(['agents', throwaway], 'sandbox_demo');
  writeFileSync(file, retention.toString());
}
