#!/usr/bin/env node
// Dependency-free on purpose: in a clone it installs what the lock file asks for and compiles, then runs the build;
// installed, it runs the build.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`countersign needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const root = fileURLToPath(new URL('..', import.meta.url));
if (existsSync(root + 'tsconfig.json')) {
  const { installPackages } = await import('../tools/install.js');
  installPackages();
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const { status } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error(`countersign: the build failed; run it by hand: node ${tsc} -b`);
    process.exit(1);
  }
}
await import(new URL('../dist/src/cli/main.js', import.meta.url).href);
