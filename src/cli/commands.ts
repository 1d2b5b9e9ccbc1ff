/** The commands, with a line each for `--help`; a command's own file is loaded only when it is asked for. */
import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<Command>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'dev',
    description: 'start a whole stack on this machine, with sandbox people, patients and agents',
    load: async () => (await import('./commands/dev.command.js')).devCommand(),
  },
  {
    name: 'demo',
    description: 'watch an agent read and write, people sign for it, and the proof verify',
    load: async () => (await import('./commands/demo.command.js')).demoCommand(),
  },
  {
    name: 'doctor',
    description: 'say what is missing or wrong, and the line that mends it',
    load: async () => (await import('./commands/doctor.command.js')).doctorCommand(),
  },
  {
    name: 'actions',
    description: 'list, show, watch and cancel governed actions',
    load: async () => (await import('./commands/actions.command.js')).actionsCommand(),
  },
  {
    name: 'approvals',
    description: 'see what waits for you; approve or deny it with your sign-in',
    load: async () => (await import('./commands/approvals.command.js')).approvalsCommand(),
  },
  {
    name: 'passkeys',
    description: 'enrol, list and revoke the passkeys that vote for you; vouch for a colleague’s',
    load: async () => (await import('./commands/passkeys.command.js')).passkeysCommand(),
  },
  {
    name: 'rulebook',
    description: 'propose other rules, sign them with somebody else, make them govern; see what governed',
    load: async () => (await import('./commands/rulebook.command.js')).rulebookCommand(),
  },
  {
    name: 'policy',
    description: 'check, test, explain and compare policies, offline',
    load: async () => (await import('./commands/policy.command.js')).policyCommand(),
  },
  {
    name: 'audit',
    description: 'export the evidence of an action; verify it without a network',
    load: async () => {
      const [{ auditCommand }, { auditExportCommand }] = await Promise.all([
        import('./commands/audit.command.js'),
        import('./commands/audit-export.command.js'),
      ]);
      return auditCommand().addCommand(auditExportCommand());
    },
  },
  {
    name: 'retention',
    description: 'list records that are due for disposal, and those disposed of',
    load: async () => (await import('./commands/retention.command.js')).retentionCommand(),
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
