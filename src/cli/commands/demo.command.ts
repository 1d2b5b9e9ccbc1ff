import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { describeStack } from '../dev/describe.js';
import { startDev } from '../dev/start.js';
import { humanNarrator, jsonNarrator } from '../demo/narrator.js';
import { openStage } from '../demo/stage.js';
import type { Memory } from '../demo/seeing.js';
import { stories } from '../demo/stories.js';
import { paintFor, printLine, progressLines } from '../terminal.js';

interface DemoFlags {
  readonly state?: string;
  readonly json?: boolean;
  readonly stay?: boolean;
  readonly story?: string;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('watch an agent read and write, people sign for it, and the proof verify')
    .addOption(new Option('--story <name>', 'tell one story only').choices(Object.keys(stories)))
    .option('--json', 'one JSON object a step on standard output')
    .option('--stay', 'keep the stack up afterwards, in ./.countersign, until Ctrl-C')
    .option('--state <folder>', 'run on this state folder instead of a temporary one')
    .addHelpText(
      'after',
      `
Starts a whole stack on this machine, walks through its steps, and exits with 0 only if each of them was seen to hold.
Everybody and everything in it is synthetic.`,
    )
    .action(runDemo);
}

async function runDemo({ state, json = false, stay = false, story }: DemoFlags): Promise<void> {
  const steps = story === undefined ? Object.values(stories).flat() : (stories[story] ?? []);
  const off = new AbortController();
  const callOff = (): void => off.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, callOff);
  const began = performance.now();
  const paint = paintFor(process.stdout, process.env);
  const narrator = json ? jsonNarrator(printLine) : humanNarrator(printLine, paint);

  narrator.begin(
    'A stack on this machine: Temporal, PostgreSQL, a FHIR server and an identity provider of the sandbox.',
  );
  const dev = await startDev({
    ...(state === undefined ? { ephemeral: !stay } : { state }),
    progress: progressLines(),
    signal: off.signal,
  });
  const { summary } = dev;
  narrator.end('stack', {
    facts: { status: 'up', ui: summary.urls.ui, api: summary.urls.api },
    lines: [`up; the Temporal UI is at ${summary.urls.ui}/namespaces/${summary.namespace}/workflows`],
  });
  const over = new Promise<void>((resolve) => off.signal.addEventListener('abort', () => resolve()));
  try {
    const held = await Promise.race([walk(), over.then(() => false), dev.failed.then(() => false)]);
    if (!held) process.exitCode = 1;
    else narrator.close(Math.round((performance.now() - began) / 100) / 10, steps.length + 1);
    if (stay && held) {
      if (!json) for (const line of describeStack(summary, paint)) printLine(line);
      await Promise.race([over, dev.failed]);
    }
  } finally {
    await dev.stop();
  }

  async function walk(): Promise<boolean> {
    const folder = join(summary.state, 'demo');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stage = await openStage(summary, folder, off.signal);
    const memory: Memory = { actions: [] };
    let current = 'stage';
    try {
      for (const step of steps) {
        current = step.name;
        narrator.begin(step.title);
        narrator.end(step.name, await step.run(stage, memory));
      }
      return true;
    } catch (error) {
      if (off.signal.aborted) return false;
      narrator.fail(current, `expected, and not seen: ${error instanceof Error ? error.message : 'unknown'}`);
      return false;
    } finally {
      await stage.close();
    }
  }
}
