/** Opens an address in the person's own browser, if this machine has one. */
import { spawn } from 'node:child_process';

/** The address is one argument and never part of a shell's line. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Does nothing where there is no browser: the address is printed as well. */
export function openBrowser(url: URL): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return;
  const [program, ...first] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...first, url.href], { stdio: 'ignore', detached: true });
  child.once('error', () => undefined);
  child.unref();
}
