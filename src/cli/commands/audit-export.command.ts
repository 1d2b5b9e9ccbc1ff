/** `countersign audit export`: fetches the evidence bundle of one action, to verify it where nobody has to be trusted. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Api } from '../api.gateway.js';
import { idOf } from './actions.command.js';
import { CommandFailure } from './failure.js';
import { personCommand, signedIn, type PersonOptions } from './person-command.js';
import { processShell, type Shell } from './shell.js';
import { actionView } from './views.js';

/** Seconds that a checkpoint may take to cover the action's last leaf. */
const patience = 60;

interface ExportOptions extends PersonOptions {
  readonly output?: string;
}

/** Mounted in `audit` beside `verify`. */
export function auditExportCommand(shell: Shell = processShell): Command {
  return personCommand(
    new Command(),
    'export <id>',
    'write the evidence bundle of an action, for countersign audit verify',
  )
    .option('-o, --output <file>', 'where to; standard output unless told')
    .action((asked: string, options: ExportOptions) =>
      signedIn(shell, options, ['actions:read', 'audit:read'], async ({ api }) => {
        const id = await idOf(api, asked);
        await mustHaveEnded(api, id);
        write(shell, options, id, await bundleOf(shell, api, id));
      }),
    );
}

async function mustHaveEnded(api: Api, id: string): Promise<void> {
  const { concludedAt } = await api.get(`/v1/actions/${id}`, actionView);
  if (concludedAt !== null) return;
  throw new CommandFailure(1, 'action.open', 'The action has not ended: follow it with countersign actions watch.');
}

/** Byte for byte as the API gave it. Waits while no checkpoint covers the action yet. */
async function bundleOf(shell: Shell, api: Api, id: string): Promise<string> {
  const until = performance.now() + patience * 1_000;
  for (let told = false; ; told = true) {
    const answer = await api.text(`/v1/actions/${id}/evidence`, 'evidence.not_yet');
    if (answer.status === 'text') return answer.text;
    if (performance.now() > until) {
      const words = 'No checkpoint covers this action yet: does the signer run? Try countersign doctor.';
      throw new CommandFailure(1, 'evidence.not_yet', words);
    }
    if (!told) shell.tell('Waiting for a checkpoint that covers this action …');
    await sleep(Math.min(Math.max(answer.retryAfter, 0.2), 5) * 1_000);
  }
}

function write(shell: Shell, { output, json }: ExportOptions, id: string, bundle: string): void {
  if (output === undefined) return shell.print(bundle.trimEnd());
  try {
    writeFileSync(output, bundle, { mode: 0o600 });
  } catch {
    throw new CommandFailure(1, 'file.unwritable', 'The file cannot be written there; name another with -o.');
  }
  if (json) shell.print(JSON.stringify({ action: id, file: output, bytes: Buffer.byteLength(bundle) }));
  else shell.print(`Evidence of ${id} is in ${output}. Verify it: countersign audit verify ${output} --vkey …`);
}
