#!/usr/bin/env node
// `npm run test:faults -- [--seed SEED] [--rounds N]`: builds, then kills each process at each thing that a write waits
// for, in an order that the seed tells; without --rounds every pair once.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installPackages } from './install.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { seed: { type: 'string' }, rounds: { type: 'string' } } });
const { seed = randomBytes(4).toString('hex'), rounds } = values;
if (rounds !== undefined && !/^[1-9]\d*$/.test(rounds)) {
  console.error('--rounds takes a number from 1');
  process.exit(2);
}

function run(args, env = {}) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? 1;
}

installPackages();
console.log(`seed ${seed}`);
const compiled = run(['node_modules/typescript/bin/tsc', '-b']);
if (compiled !== 0) process.exit(compiled);
process.exit(
  run(
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      'faults',
      '--runInBand',
      '--reporters',
      './tools/faults-reporter.js',
    ],
    {
      COUNTERSIGN_FAULT_SEED: seed,
      ...(rounds !== undefined && { COUNTERSIGN_FAULT_ROUNDS: rounds }),
    },
  ),
);
