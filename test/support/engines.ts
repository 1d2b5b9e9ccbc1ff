/** What the global setup started and the tests of this run read. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const enginesVariable = 'COUNTERSIGN_TEST_ENGINES';

const enginesSchema = z.object({
  postgres: z.string(),
  template: z.string(),
  passwords: z.record(z.string(), z.string()),
  temporal: z.string(),
  temporalUi: z.string(),
  testServer: z.string(),
  namespaces: z.array(z.string()),
  /** Folder where a test file marks the namespace that it took. */
  claims: z.string(),
});
export type Engines = z.infer<typeof enginesSchema>;

export function engines(): Engines {
  const file = process.env[enginesVariable];
  if (file === undefined) throw new Error('these tests need the engines: run them through npm test');
  return enginesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
