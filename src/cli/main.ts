/** `countersign`: names its commands at once and loads the one that was asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { projectFolder } from '../config/project-folder.js';
import { CommandFailure } from './commands/failure.js';
import { commands } from './commands.js';
import { explainFailure } from './explain-failure.js';

function version(): string {
  const file = readFileSync(join(projectFolder(), 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(file)).version;
}

async function program(asked: string | undefined): Promise<Command> {
  const root = new Command('countersign')
    .description(
      'Actions of AI agents in healthcare, each one approved, warranted and logged as a durable Temporal workflow.',
    )
    .version(version())
    .showHelpAfterError('(countersign --help lists the commands)')
    .addHelpText(
      'after',
      `
Examples:
  countersign dev                                     a whole stack on this machine
  countersign demo                                    an agent asks, a clinician approves, the proof verifies
  countersign approvals list --sandbox-person amara   what waits for a person of the sandbox
  countersign doctor                                  what is missing, and the line that mends it`,
    );
  for (const { name, description, load } of commands) {
    if (name === asked) root.addCommand(await load());
    else root.command(name).description(description);
  }
  return root;
}

/** Commander would end the process itself, and with 1 for a wrong call. */
function throwing(command: Command): Command {
  command.exitOverride();
  command.commands.forEach(throwing);
  return command;
}

// A reader that leaves early, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

try {
  const [first, second] = process.argv.slice(2);
  await throwing(await program(first === 'help' ? second : first)).parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) process.stderr.write(`${explainFailure(error)}\n`);
}

/** 1: something is wrong; 2: called wrongly; 3: the API refused. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof CommandFailure ? error.exit : 1;
}
