/** Writes src/api/openapi.json: `npx tsc -b && node dist/tools/openapi.js`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../src/api/openapi.js';
import { projectFolder } from '../src/config/project-folder.js';

const file = join(projectFolder(), 'src', 'api', 'openapi.json');
writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
console.log(`wrote ${file}`);
