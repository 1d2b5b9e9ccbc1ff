import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RulebookFiles } from './load.js';

/** The YAML files of a folder such as policies/, by name. Folders in it are not read. */
export function readPolicyFolder(folder: string): RulebookFiles {
  const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
