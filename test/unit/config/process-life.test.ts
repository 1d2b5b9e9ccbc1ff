/** How our processes end, in processes of their own over the build. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { projectFolder } from '../../../src/config/project-folder.js';

const built = (file: string) => pathToFileURL(join(projectFolder(), 'dist', 'src', 'config', file)).href;

function program(text: string, ipc: 'ipc' | 'ignore') {
  return spawn(process.execPath, ['--input-type=module', '--eval', text], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe', ipc],
  });
}

describe('a process of ours', () => {
  it('ends though nobody reads its log any more', async () => {
    const child = program(
      `import { createLog } from '${built('log.js')}';
       const log = createLog('test', 'info');
       process.stdin.on('end', () => {
         for (let line = 0; line < 100; line++) log.info('line');
         process.exit(0);
       });
       process.stdin.resume();
       console.log('ready');`,
      'ignore',
    );
    await once(child.stdout ?? child, 'data');
    child.stderr?.destroy();
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 20_000);

  it('ends when its parent went before it could listen', async () => {
    const child = program(
      `import { setTimeout as sleep } from 'node:timers/promises';
       import { endWith } from '${built('process-life.js')}';
       console.log('ready');
       while (process.connected) await sleep(10);
       setInterval(() => undefined, 1_000);
       endWith(async () => undefined);`,
      'ipc',
    );
    await once(child.stdout ?? child, 'data');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 20_000);
});
