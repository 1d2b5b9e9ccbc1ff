import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';

/** The folder of other people's published data, beside the project; see docs/sample-data in CONTRIBUTING. */
const folder = join(process.cwd(), '..', 'shared', 'data');

export function sampleData(...path: string[]): string {
  return join(folder, ...path);
}

/** `describe`, or a visible skip where the sample data is absent. In CI absence is a failure. */
export function describeWithSampleData(name: string, path: string, tests: () => void): void {
  const there = existsSync(sampleData(path));
  if (there || process.env['CI'] !== undefined) describe(name, tests);
  else describe.skip(`${name} (sample data ${path} is absent)`, () => it('needs that data', () => undefined));
}
