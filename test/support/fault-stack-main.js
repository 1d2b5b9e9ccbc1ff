// A development stack in a process of its own, over the build: its supervisor starts whatever is killed again, and does
// not tire of it. Plain JavaScript, because jest's modules cannot be forked.
import { startDev } from '../../dist/src/cli/dev/start.js';
import { announceReady, endWith } from '../../dist/src/config/process-life.js';

const dev = await startDev({
  ephemeral: true,
  progress: (line) => process.stderr.write(`${line}\n`),
  restartPolicy: { restarts: 20, withinMs: 2_000, delayMs: 100 },
});
endWith(dev.stop);
void dev.failed.then((reason) => {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
});
announceReady({ state: dev.summary.state });
