import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { processVariables, readEnvironment, EnvironmentError } from '../../../src/config/environment.js';

const service = z.looseObject({
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
});
const compose = z
  .looseObject({ services: z.record(z.string(), service) })
  .parse(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }));

const processOf = {
  migrate: 'migrate',
  api: 'api',
  'worker-governance': 'governance',
  'worker-ehr': 'ehr',
  signer: 'signer',
  'codec-server': 'codec',
} as const;
const optional = new Set([
  'COUNTERSIGN_POLICIES_DIR',
  'COUNTERSIGN_TEMPORAL_CA_FILE',
  'COUNTERSIGN_TEMPORAL_CERT_FILE',
  'COUNTERSIGN_TEMPORAL_KEY_FILE',
]);

describe('docker-compose.yml', () => {
  it.each(Object.entries(processOf))('gives %s exactly the variables that it reads', (name, process) => {
    const given = Object.keys(compose.services[name]?.environment ?? {}).sort();
    const read = processVariables[process].filter((variable) => !optional.has(variable)).sort();
    expect(given).toEqual(read);
  });

  it('starts every process of the product', () => {
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(Object.keys(processOf)));
  });
});

describe('the environment of a process', () => {
  it('names every missing and malformed variable at once, and never its value', () => {
    const read = () =>
      readEnvironment('signer', { COUNTERSIGN_MODE: 'prod', COUNTERSIGN_DATABASE_URL: 'secret-value' });
    expect(read).toThrow(EnvironmentError);
    expect(read).toThrow(/COUNTERSIGN_MODE has the wrong shape[\s\S]*COUNTERSIGN_LOG_KEY_FILE is missing/);
    expect(read).not.toThrow(/secret-value|prod,/);
  });
});
