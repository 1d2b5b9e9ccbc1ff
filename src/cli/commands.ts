/** The commands, with a line each for `--help`; a command's own file is loaded only when it is asked for. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<Command>;
}

/** @throws Error when this build does not have the command. */
async function fromFile(file: string, factory: string): Promise<Command> {
  const url = new URL(`./commands/${file}.command.js`, import.meta.url);
  if (!existsSync(fileURLToPath(url))) throw new Error('This build does not have that command.');
  const module: Readonly<Record<string, unknown>> = await import(url.href);
  const make = module[factory];
  const command: unknown = typeof make === 'function' ? make() : undefined;
  if (command instanceof Command) return command;
  throw new Error('This build does not have that command.');
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'dev',
    description: 'start a whole stack on this machine, with sandbox people, patients and agents',
    load: async () => (await import('./commands/dev.command.js')).devCommand(),
  },
  {
    name: 'demo',
    description: 'watch an agent read, a clinician approve, and the proof verify',
    load: () => fromFile('demo', 'demoCommand'),
  },
  {
    name: 'doctor',
    description: 'say what is missing or wrong, and the line that mends it',
    load: () => fromFile('doctor', 'doctorCommand'),
  },
  {
    name: 'actions',
    description: 'list, show, watch and cancel governed actions',
    load: () => fromFile('actions', 'actionsCommand'),
  },
  {
    name: 'approvals',
    description: 'see what waits for you; approve or deny it with your sign-in',
    load: () => fromFile('approvals', 'approvalsCommand'),
  },
  {
    name: 'audit',
    description: 'export the evidence of an action; verify it without a network',
    load: async () => {
      const audit = await fromFile('audit', 'auditCommand');
      audit.addCommand(await fromFile('audit-export', 'auditExportCommand'));
      return audit;
    },
  },
  {
    name: 'retention',
    description: 'list records that are due for disposal, and those disposed of',
    load: () => fromFile('retention', 'retentionCommand'),
  },
  {
    name: 'migrate',
    description: 'bring the database up to date; load the first directory and the rulebook',
    load: async () => (await import('./commands/processes.command.js')).processCommand('migrate'),
  },
  {
    name: 'api',
    description: 'run the HTTP API',
    load: async () => (await import('./commands/processes.command.js')).processCommand('api'),
  },
  {
    name: 'worker',
    description: 'run the worker of one queue: governance or ehr',
    load: async () => (await import('./commands/processes.command.js')).workerCommand(),
  },
  {
    name: 'signer',
    description: 'run the process that signs the audit log',
    load: async () => (await import('./commands/processes.command.js')).processCommand('signer'),
  },
  {
    name: 'codec-server',
    description: 'run the server through which the Temporal UI decodes for operators',
    load: async () => (await import('./commands/processes.command.js')).processCommand('codec-server'),
  },
];
