/** `npm run docs`: brings what is generated in docs/ up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { projectFolder } from '../src/config/project-folder.js';
import { withVariables } from './docs-variables.js';

const file = join(projectFolder(), 'docs', 'operating.md');
const page = withVariables(readFileSync(file, 'utf8'));
writeFileSync(file, await format(page, { ...(await resolveConfig(file)), filepath: file }));
