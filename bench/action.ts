/** `npm run bench -- action`: what governance adds to a T0 read. README.md says what the ratios mean. */
import { createLog } from '../src/config/log.js';
import { startStack } from '../test/support/stack.js';
import { installRuntime } from '../worker/runtime.js';
import { startBare, type Bare } from './bare.js';
import { withEngines } from './engines.js';
import { print, rounded, spread, type Figure } from './figures.js';
import { governed, type Governed } from './governed.js';

const warmUp = 10;
const pairs = 60;
/** Runs in flight at once, and how many each side has in all, in two rounds. */
const inFlight = 16;
const perRound = 160;

installRuntime(createLog('bench', 'error'));
print(
  await withEngines(async (address) => {
    const stack = await startStack();
    const bare = await startBare(address);
    try {
      const action = governed(stack);
      for (let round = 0; round < warmUp; round++) {
        await bare.run();
        await action.run(await action.open());
      }
      return [...(await latency(bare, action)), ...(await throughput(bare, action))];
    } finally {
      await bare.stop();
      await stack.stop();
    }
  }),
);

/** One after the other, in pairs whose order alternates, so that a slow moment of the machine meets both sides. */
async function latency(bare: Bare, action: Governed): Promise<Figure[]> {
  const plain: number[] = [];
  const opened: number[] = [];
  const workflow: number[] = [];
  let events = { bare: 0, governed: 0 };
  const measureBare = async () => {
    const started = performance.now();
    const id = await bare.run();
    plain.push(performance.now() - started);
    events = { ...events, bare: await bare.events(id) };
  };
  const measureGoverned = async () => {
    const started = performance.now();
    const admission = await action.open();
    const admitted = performance.now();
    const id = await action.run(admission);
    opened.push(admitted - started);
    workflow.push(performance.now() - admitted);
    events = { ...events, governed: await action.events(id) };
  };
  for (let pair = 0; pair < pairs; pair++) {
    const [first, second] = pair % 2 === 0 ? [measureBare, measureGoverned] : [measureGoverned, measureBare];
    await first();
    await second();
  }
  const whole = workflow.map((ms, at) => ms + (opened[at] ?? 0));
  const [base, flow, all] = [spread(plain), spread(workflow), spread(whole)];
  const ratio = (side: { readonly p50: number }) => rounded(side.p50 / base.p50);
  return [
    { bench: 'action', case: 'bare workflow', ...base, events: events.bare },
    {
      ...{ bench: 'action', case: 'governed T0, admit to conclude', ...flow, events: events.governed },
      ...{ ratio: ratio(flow), note: 'goal: ratio ≤ 1.25, events ≤ 16' },
    },
    { bench: 'action', case: 'opening the action (API)', ...spread(opened) },
    { bench: 'action', case: 'governed T0 with its opening', ...all, ratio: ratio(all) },
  ];
}

/** Many at once, in alternating rounds. Actions are opened before, since the bare side has nothing like it. */
async function throughput(bare: Bare, action: Governed): Promise<Figure[]> {
  const seconds = { bare: 0, governed: 0 };
  for (let round = 0; round < 2; round++) {
    const admissions = await pooled(Array.from({ length: perRound }), () => action.open());
    seconds.bare += await timed(() => pooled(Array.from({ length: perRound }), () => bare.run()));
    seconds.governed += await timed(() => pooled(admissions, (admission) => action.run(admission)));
  }
  const n = 2 * perRound;
  const [base, rate] = [n / seconds.bare, n / seconds.governed];
  return [
    { bench: 'action', case: `bare, ${inFlight} in flight`, n, perSecond: rounded(base) },
    {
      ...{ bench: 'action', case: `governed T0, ${inFlight} in flight`, n, perSecond: rounded(rate) },
      ...{ ratio: rounded(rate / base), note: 'goal: ratio ≥ 0.7' },
    },
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Works through the items with a bounded number in flight. */
async function pooled<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of left) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return results;
}
