import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { searchAttributeTypes } from '../../src/temporal/search-attributes.js';
import { engines } from './engines.js';

/** A time-skipping server of its own; one for each test file, torn down by it. */
export async function timeSkipping(): Promise<TestWorkflowEnvironment> {
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: engines().testServer } },
  });
  await env.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: searchAttributeTypes,
  });
  return env;
}

/**
 * The shared development server: real time, real races. In a namespace that no other file uses: tasks of another file's
 * workflows would come to this file's workers.
 */
export function devServer(): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createFromExistingServer({ address: engines().temporal, namespace: claimNamespace() });
}

function claimNamespace(): string {
  const { namespaces, claims } = engines();
  const free = namespaces.find((namespace) => {
    try {
      mkdirSync(join(claims, namespace)); // atomic: jest's workers are processes
      return true;
    } catch {
      return false;
    }
  });
  if (free === undefined) throw new Error('more test files than namespaces: raise their number in engines-setup.js');
  return free;
}
