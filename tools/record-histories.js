#!/usr/bin/env node
// `npm run record:histories`: builds, drives an action to each of its ends on real engines, and writes the encoded
// histories that test/replay replays. What was recorded before is replaced as a whole.
import { spawnSync } from 'node:child_process';
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
const compiled = run(['node_modules/typescript/bin/tsc', '-b']);
if (compiled !== 0) process.exit(compiled);
process.exit(
  run(
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      'integration',
      '--testPathPatterns',
      'test/integration/workflow/end-states',
    ],
    { COUNTERSIGN_RECORD_HISTORIES: 'yes' },
  ),
);
