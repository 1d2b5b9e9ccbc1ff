#!/usr/bin/env node
// `npm test`: builds, typechecks the tests, runs jest, and ends with jest's own count on one plain line.
// Arguments go to jest: npm test -- --selectProjects unit
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './install.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(args, env = {}) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? 1;
}

installPackages();
const tsc = 'node_modules/typescript/bin/tsc';
const compiled = run([tsc, '-b']) || run([tsc, '-p', 'test']);
if (compiled !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(compiled);
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-jest-'));
const results = join(folder, 'results.json');
const jest = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${results}`, ...process.argv.slice(2)];
const status = run(['--experimental-vm-modules', '--no-warnings', ...jest], {
  NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
});
const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
  readFileSync(results, 'utf8'),
);
rmSync(folder, { recursive: true });
// A suite that could not even load has no failed tests of its own.
const failed = numFailedTests + numRuntimeErrorTestSuites;
console.log(`${numPassedTests} passed, ${failed} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''}`);
process.exit(status === 0 && failed === 0 && numPassedTests > 0 ? 0 : 1);
