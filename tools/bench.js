#!/usr/bin/env node
// `npm run bench -- NAME [--json]`: builds, then runs bench/NAME.ts in a process of its own.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installPackages } from './install.js';

const root = fileURLToPath(new URL('..', import.meta.url));
// A bench is a file that prints figures; the others in the folder are its parts.
const names = readdirSync(`${root}bench`)
  .filter((file) => file.endsWith('.ts') && /^print\(/m.test(readFileSync(`${root}bench/${file}`, 'utf8')))
  .map((file) => file.slice(0, -'.ts'.length));
const [name, ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME [--json], NAME one of: ${names.join(', ')}`);
  process.exit(2);
}

function run(args, stdout) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', stdout, 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

installPackages();
const tsc = 'node_modules/typescript/bin/tsc';
run([tsc, '-b', '.', 'bench'], 2); // its messages to standard error: standard output is for figures
run([`dist/bench/${name}.js`, ...args], 'inherit');
