/** `countersign dev`: the whole stack on this machine until Ctrl-C. */
import { Command, InvalidArgumentError } from 'commander';
import { describeStack } from '../dev/describe.js';
import { readSummary } from '../dev/read-summary.js';
import { startDev } from '../dev/start.js';
import { stateFolder } from '../dev/state-folder.js';
import { paintFor, printLine, progressLines } from '../terminal.js';

interface DevFlags {
  readonly state?: string;
  readonly ephemeral?: boolean;
  readonly json?: boolean;
  readonly port?: number;
}

export function devCommand(): Command {
  const dev = new Command('dev')
    .description('start a whole stack on this machine, with sandbox people, patients and agents')
    .option('--state <folder>', 'where it keeps everything (default: $COUNTERSIGN_STATE, else ./.countersign)')
    .option('--ephemeral', 'use a temporary folder and delete it at the end')
    .option('--port <number>', 'port of the API', port)
    .option('--json', 'when it is up, print one line of JSON on standard output')
    .addHelpText(
      'after',
      `
Examples:
  countersign dev                    start; data stay in ./.countersign; Ctrl-C ends it
  countersign dev --ephemeral        leave nothing behind
  countersign dev code amara         a one-time code for the sign-in page`,
    )
    .action(async (flags: DevFlags) => run(flags));
  dev
    .command('code')
    .description('print the one-time code of a sandbox person, for the sign-in page')
    .argument('<person>', 'a name that `countersign dev` lists')
    .option('--state <folder>', 'folder of the running stack')
    .action(async (person: string, _flags: object, command: Command) => printCode(person, command.optsWithGlobals()));
  return dev;
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 65_535) throw new InvalidArgumentError('expected 1 to 65535');
  return number;
}

async function run({ json = false, ...options }: DevFlags): Promise<void> {
  const off = new AbortController();
  let signals = 0;
  let end = (): void => off.abort();
  const onSignal = (): void => {
    signals += 1;
    // Children end with us, whatever we leave undone.
    if (signals > 1) process.exit(1);
    process.stderr.write('ending the stack …\n');
    end();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  const progress = progressLines();
  const stack = await startDev({ ...options, progress, signal: off.signal }).catch((error: unknown) => {
    if (off.signal.aborted) return undefined;
    throw error;
  });
  if (stack === undefined) return;
  const over = new Promise<void>((resolve, reject) => {
    end = () => void stack.stop().then(resolve, reject);
  });
  if (signals > 0) end();
  progress('ready');
  if (json) printLine(JSON.stringify(stack.summary));
  else for (const line of describeStack(stack.summary, paintFor(process.stdout, process.env))) printLine(line);

  const reason = await Promise.race([over, stack.failed]);
  if (typeof reason === 'string') {
    process.stderr.write(`The stack ended: ${reason}\nLogs are in ${stack.summary.state}/logs.\n`);
    process.exitCode = 1;
  }
}

async function printCode(person: string, { state }: { readonly state?: string }): Promise<void> {
  const folder = stateFolder(state, process.env);
  const found = readSummary(folder)?.people.find((each) => each.person === person);
  if (found === undefined) throw new Error(`No stack in ${folder} knows ${person}; start one with: countersign dev`);
  const { totpCode, totpStep } = await import('@countersign/sandbox');
  printLine(totpCode(found.totpSecret, totpStep(Date.now(), 30)));
}
