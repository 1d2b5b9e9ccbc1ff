import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { apiApp } from '../../../src/api/app.js';
import type { ApiDeps } from '../../../src/api/deps.js';
import { openApiDocument } from '../../../src/api/openapi.js';

const stored = (): unknown => JSON.parse(readFileSync('src/api/openapi.json', 'utf8'));

describe('src/api/openapi.json', () => {
  it('is that of the routes; `npx tsc -b && node dist/tools/openapi.js` writes it', () => {
    expect(stored()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  it('names every route that the app serves', () => {
    // Wiring touches none of its parts.
    const app = apiApp({ log: {} } as ApiDeps);
    const served = app.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1/'))
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = Object.entries(openApiDocument().paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect([...new Set(served)].sort()).toEqual(described.sort());
  });
});
