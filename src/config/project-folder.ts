import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the installed package or clone: data such as policies/ and migrations/ lies there, beside dist/. */
export function projectFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && /"name":\s*"countersign"/.test(readFileSync(file, 'utf8'))) return folder;
    if (folder === dirname(folder)) throw new Error('countersign: its own package.json was not found above this file');
  }
}
