// What a clone lacks before anything of it can run. Dependency-free on purpose: nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const age = (path) => (existsSync(root + path) ? statSync(root + path).mtimeMs : 0);

/** Installs the packages that the lock file asks for, unless that was done since it changed; ends the process if it fails. */
export function installPackages() {
  if (age('package-lock.json') <= age('node_modules/.package-lock.json')) return;
  console.error('countersign: installing packages (once) …');
  const args = ['ci', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`countersign: the installation failed; run it by hand: npm ${args.join(' ')}`);
  process.exit(1);
}
