/** `countersign retention`: what is disposed of, and when. */
import type { Command } from 'commander';
import { table } from '../terminal.js';
import { groupOf, personCommand, signedIn, type PersonOptions } from './person-command.js';
import { printable } from './printable.js';
import { processShell, type Shell } from './shell.js';
import { disposalList, type Disposal } from './views.js';

export function retentionCommand(shell: Shell = processShell): Command {
  const group = groupOf('retention', 'see what is kept until when, and what was disposed of');

  personCommand(group, 'list', 'disposals by date and record class').action((options: PersonOptions) =>
    signedIn(shell, options, ['audit:read'], async ({ api }) => {
      const list = await api.get('/v1/disposals', disposalList);
      if (options.json) shell.print(JSON.stringify(list));
      else for (const line of disposalLines(list.disposals)) shell.print(line);
    }),
  );

  return group;
}

function disposalLines(disposals: readonly Disposal[]): string[] {
  if (disposals.length === 0) return ['Nothing is kept yet: no action has ended.'];
  const rows = disposals.map(({ date, class: name, records, held, disposed, status }) =>
    [date, name, ...[records, held, disposed].map(String), status].map(printable),
  );
  return table([['DATE', 'CLASS', 'RECORDS', 'HELD', 'DISPOSED', 'STATE'], ...rows]);
}
