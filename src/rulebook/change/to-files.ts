/** A stored rulebook as files that people can edit and propose again. Comments are not stored, so none come back. */
import { stringify } from 'yaml';
import { documentFiles, type RulebookFiles } from '../sources.js';
import type { RulebookContent } from '../schema.js';

/** Beside the YAML files of a rulebook's folder: whom the installation believes. */
export const trustRootsFile = 'trust-roots.json';

/** File name → text; loading them makes the same rulebook. */
export function filesOf(content: RulebookContent): RulebookFiles {
  return Object.fromEntries([
    ...Object.entries(documentFiles(content)).map(([file, document]) => [file, stringify(document, { lineWidth: 0 })]),
    [trustRootsFile, `${JSON.stringify(content.trustRoots, undefined, 2)}\n`],
  ]);
}
