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

/** The shared development server: real time, real races. One test file for each namespace at a time. */
export async function devServer(namespace: 'countersign' | 'scripted'): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createFromExistingServer({ address: engines().temporal, namespace });
}
