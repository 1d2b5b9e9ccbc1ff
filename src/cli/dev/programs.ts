/** Where the entry points of this build lie: one list for `countersign dev` and for the commands that start one process. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../../config/project-folder.js';
import type { ProcessName } from '../../config/environment.js';

export interface Program {
  /** As in `processes` of dev.json. */
  readonly name: string;
  /** Whose variables it reads. */
  readonly process: ProcessName;
  /** Below dist/. */
  readonly entry: string;
  readonly args: readonly string[];
}

export const migrateProgram: Program = { name: 'migrate', process: 'migrate', entry: 'src/migrate/main.js', args: [] };

/** The product's long-running processes. */
export const programs: readonly Program[] = [
  { name: 'api', process: 'api', entry: 'src/api/main.js', args: [] },
  { name: 'worker-governance', process: 'governance', entry: 'worker/main.js', args: ['governance'] },
  { name: 'worker-ehr', process: 'ehr', entry: 'worker/main.js', args: ['ehr'] },
  { name: 'signer', process: 'signer', entry: 'src/signer/main.js', args: [] },
  { name: 'codec-server', process: 'codec', entry: 'src/codec-server/main.js', args: [] },
];

export function entryFile({ entry }: Pick<Program, 'entry'>): string {
  return join(projectFolder(), 'dist', entry);
}

/** An entry point of the sandbox package. */
export function sandboxEntry(part: 'ehr' | 'idp'): string {
  return join(dirname(fileURLToPath(import.meta.resolve('@countersign/sandbox'))), part, 'main.js');
}
