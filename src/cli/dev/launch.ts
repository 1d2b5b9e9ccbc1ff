/** Starting one process of the stack and keeping it. */
import type { RunningChild } from '@countersign/sandbox';
import type { Progress } from '../terminal.js';
import { baseEnvironment, environmentOf, type Values } from './process-environment.js';
import type { ProcessTree, Stage } from './process-tree.js';
import { entryFile, migrateProgram, type Program } from './programs.js';
import { runMigrate } from './run-migrate.js';
import type { Sandbox } from './sandbox.js';
import type { Places } from './state-folder.js';
import { supervise, type RestartPolicy } from './supervise.js';

/** What every start has in common. */
export interface Launch {
  readonly sandbox: Sandbox;
  readonly env: NodeJS.ProcessEnv;
  readonly places: Places;
  readonly progress: Progress;
  readonly tree: ProcessTree;
  /** Aborted when the stack is to end. */
  readonly signal: AbortSignal;
  readonly callOff: () => void;
  readonly giveUp: (reason: string) => void;
  readonly restartPolicy?: RestartPolicy;
}

/** A process that is not ready by then is ended, and the start fails naming it and its log. */
const readyWithin = 60_000;

/** An entry of the sandbox under its own name, or a program of the product with the variables that it reads. */
export type OwnProcess =
  | { readonly name: string; readonly module: string; readonly args: readonly string[] }
  | { readonly program: Program; readonly values: Values };

export async function ownProcess(launch: Launch, stage: Stage, what: OwnProcess): Promise<void> {
  const { sandbox, places, signal } = launch;
  const { name, module, args } =
    'program' in what ? { ...what.program, module: entryFile(what.program) } : { ...what, args: what.args };
  const env =
    'program' in what ? environmentOf(what.program.process, what.values, launch.env) : baseEnvironment(launch.env);
  const start = async (): Promise<RunningChild> => {
    const logFile = places.logOf(name);
    return (await sandbox.startOwn({ name, module, args, env, logFile, within: readyWithin, signal })).child;
  };
  await keep(launch, { stage, name, start });
}

export interface Kept {
  readonly stage: Stage;
  readonly name: string;
  readonly start: () => Promise<RunningChild>;
}

/** Starts it, puts it into the tree, and starts it again when it dies. */
export async function keep(launch: Launch, { stage, name, start }: Kept): Promise<void> {
  const { tree, progress, giveUp, restartPolicy } = launch;
  const child = await start();
  tree.add(
    stage,
    supervise({
      name,
      child,
      again: start,
      onChange: (what, how) => {
        if (what === 'died') return progress(`${name.padEnd(17)}  ended (${how}); starting it again`);
        progress(`${name.padEnd(17)}  is back`);
        tree.changed();
      },
      onGiveUp: giveUp,
      ...(restartPolicy && { policy: restartPolicy }),
    }),
  );
  progress(`${name.padEnd(17)}  up`);
}

export async function migrateDatabase({ env, places, progress, signal }: Launch, values: Values): Promise<void> {
  await runMigrate({
    module: entryFile(migrateProgram),
    env: environmentOf(migrateProgram.process, values, env),
    logFile: places.logOf(migrateProgram.name),
    signal,
  });
  progress(`${migrateProgram.name.padEnd(17)}  done`);
}
