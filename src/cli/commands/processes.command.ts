/** `countersign api`, `worker`, `signer`, `codec-server`, `migrate`: one process of the product, from its environment. */
import { pathToFileURL } from 'node:url';
import { Argument, Command } from 'commander';
import { describeVariables, processVariables } from '../../config/environment.js';
import { entryFile, migrateProgram, programs, type Program } from '../dev/programs.js';

const descriptions: Readonly<Record<string, string>> = {
  migrate: 'bring the database up to date; load the first directory and the rulebook; ends when done',
  api: 'run the HTTP API',
  signer: 'run the process that signs the audit log',
  'codec-server': 'run the server through which the Temporal UI decodes for operators',
};

export function processCommand(name: string): Command {
  const program = [migrateProgram, ...programs].find((each) => each.name === name);
  if (program === undefined) throw new Error(`countersign has no process ${name}.`);
  return new Command(name)
    .description(descriptions[name] ?? '')
    .addHelpText('after', () => `\n${variablesOf(program)}`)
    .action(() => become(program));
}

export function workerCommand(): Command {
  const workers = programs.filter(({ name }) => name.startsWith('worker-'));
  const queues = workers.flatMap(({ args }) => args);
  return new Command('worker')
    .description('run the worker of one task queue')
    .addArgument(new Argument('<queue>', 'which one').choices(queues))
    .addHelpText('after', () => workers.map((each) => `\n${each.args.join(' ')}: ${variablesOf(each)}`).join('\n'))
    .action(async (queue: string) => {
      const program = workers.find(({ args }) => args.includes(queue));
      if (program) await become(program);
    });
}

/** The entry point runs in this process, as if it had been started by itself. */
async function become(program: Program): Promise<void> {
  const file = entryFile(program);
  process.argv = [process.argv[0] ?? 'node', file, ...program.args];
  await import(pathToFileURL(file).href);
}

function variablesOf({ process }: Program): string {
  const what = describeVariables();
  const lines = processVariables[process].map((name) => `  ${name.padEnd(34)} ${what.get(name) ?? ''}`);
  return ['Environment:', ...lines].join('\n');
}
