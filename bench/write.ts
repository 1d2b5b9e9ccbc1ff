/** `npm run bench -- write`: from the last vote to the effect, against a bare activity. README.md says what it means. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../src/config/log.js';
import { installRuntime } from '../worker/runtime.js';
import { startBare } from './bare.js';
import { withEngines } from './engines.js';
import { mean, print, rounded, spread, type Figure } from './figures.js';
import { governedWrites, type WriteTimes } from './governed-write.js';

const warmUp = 3;
const pairs = 25;
const bareRuns = 4;
/** Milliseconds. The server hands tasks over in steps of about 50; whoever starts always at one moment of it measures that. */
const dispatchStep = 100;

installRuntime(createLog('bench', 'error'));
print(
  await withEngines(async (address) => {
    const governed = await governedWrites();
    const bare = await startBare(address);
    const plain: number[] = [];
    const times: WriteTimes[] = [];
    let writeId = '';
    try {
      for (let pair = -warmUp; pair < pairs; pair++) {
        const alone: number[] = [];
        for (let run = 0; run < bareRuns; run++) {
          await sleep(Math.random() * dispatchStep);
          const started = Date.now();
          await bare.write();
          alone.push((bare.effects().at(-1) ?? Number.NaN) - started);
        }
        const { id, times: measured } = await governed.write(pair + warmUp + 2);
        writeId = id;
        if (pair < 0) continue;
        plain.push(...alone);
        times.push(measured);
      }
      const readId = await governed.read();
      return figures(plain, times, { write: await governed.events(writeId), read: await governed.events(readId) });
    } finally {
      await bare.stop();
      await governed.stop();
    }
  }),
);

function figures(
  plain: readonly number[],
  times: readonly WriteTimes[],
  events: { readonly write: number; readonly read: number },
): Figure[] {
  const base = spread(plain);
  const governed = times.map(({ counted, effect }) => effect - counted);
  const means = { bare: mean(plain), governed: mean(governed) };
  const bench = 'write';
  return [
    { bench, case: 'bare: start to effect', ...base, mean: rounded(means.bare) },
    {
      ...{ bench, case: 'governed: last vote counted to effect', ...spread(governed), mean: rounded(means.governed) },
      ratio: rounded(means.governed / means.bare),
      note: 'of the means; goal: ≤ 2',
    },
    { bench, case: '  vote counted to attempt on the log', ...spread(times.map((t) => t.logged - t.counted)) },
    { bench, case: '  waiting for the checkpoint', ...spread(times.map((t) => t.signed - t.logged)) },
    { bench, case: '  checkpoint to effect', ...spread(times.map((t) => t.effect - t.signed)) },
    { bench, case: 'events: T2 write, two votes', events: events.write, note: 'goal: ≤ 40' },
    { bench, case: 'events: T2 read, two votes', events: events.read, note: 'goal: ≤ 32' },
  ];
}
