import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Where a reader's own browser lies: playwright-core brings none along. The variable, if set, is the only place. */
const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function findChromium(): string | undefined {
  const named = process.env['COUNTERSIGN_CHROMIUM'];
  return (named === undefined ? usual : [named]).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** `describe`, or a visible skip where there is no Chromium. In CI its absence is a failure. */
export function describeInChromium(name: string, tests: () => void): void {
  if (findChromium() !== undefined || process.env['CI'] !== undefined) return describe(name, tests);
  const missing = `${name} (no Chromium: apt-get install chromium, or set COUNTERSIGN_CHROMIUM)`;
  // oxlint-disable-next-line jest/no-disabled-tests -- a reader's machine may lack a browser; CI may not
  describe.skip(missing, () => it('needs a browser', () => undefined));
}

/** @throws Error when there is no Chromium. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error('no Chromium: apt-get install chromium, or set COUNTERSIGN_CHROMIUM to its path');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Pictures to look at, in the folder that COUNTERSIGN_SCREENSHOTS names; none unless it does. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['COUNTERSIGN_SCREENSHOTS'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
