#!/usr/bin/env node
// Dependency-free on purpose: in a clone it installs what the lock file asks for and compiles, then runs the build;
// installed, it runs the build.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`countersign needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path) => root + path;
const age = (path) => (existsSync(at(path)) ? statSync(at(path)).mtimeMs : 0);

function run(what, command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`countersign: ${what} failed; run it by hand: ${command} ${args.join(' ')}`);
  process.exit(1);
}

if (existsSync(at('tsconfig.json'))) {
  if (age('package-lock.json') > age('node_modules/.package-lock.json')) {
    console.error('countersign: installing packages (once) …');
    run('the installation', 'npm', ['ci', '--no-audit', '--no-fund']);
  }
  run('the build', process.execPath, [at('node_modules/typescript/bin/tsc'), '-b']);
}
await import(new URL('../dist/src/cli/main.js', import.meta.url).href);
