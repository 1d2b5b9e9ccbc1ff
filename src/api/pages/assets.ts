/** The pages' files: their compiled scripts, and the style. Read once; no name of a request is ever part of a path. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../config/project-folder.js';
import { style } from './style.js';

export interface Asset {
  readonly type: string;
  readonly body: string;
}

/** File name → file. @throws Error when the pages were not compiled. */
export function readAssets(): ReadonlyMap<string, Asset> {
  const folder = join(projectFolder(), 'dist', 'pages');
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
  return new Map<string, Asset>([
    ['style.css', { type: 'text/css; charset=utf-8', body: style }],
    ...scripts.map((name): [string, Asset] => [
      name,
      { type: 'text/javascript; charset=utf-8', body: readFileSync(join(folder, name), 'utf8') },
    ]),
  ]);
}
