/** `countersign doctor`: what is missing or wrong, and the line that mends it. */
import { Command } from 'commander';
import { stateFolder } from '../dev/state-folder.js';
import { examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { paintFor, printLine, table } from '../terminal.js';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what is missing or wrong, and the line that mends it; ends with 1 when there is a problem')
    .option('--state <folder>', 'folder of a stack (default: $COUNTERSIGN_STATE, else ./.countersign)')
    .option('--json', 'print {"status","findings":[{"name","status","detail","mend"}]}')
    .addHelpText(
      'after',
      `
Looks at the installation that COUNTERSIGN_DATABASE_URL and COUNTERSIGN_TEMPORAL_ADDRESS name; without them at the stack
of the state folder; and where nothing runs, at what \`countersign dev\` needs.`,
    )
    .action(async ({ state, json = false }: { readonly state?: string; readonly json?: boolean }) => {
      const findings = await examine(stateFolder(state, process.env), process.env);
      const status = worst(findings);
      if (json) printLine(JSON.stringify({ status, findings }));
      else print(findings);
      process.exitCode = status === 'problem' ? 1 : 0;
    });
}

function worst(findings: readonly Finding[]): Finding['status'] {
  const order = ['problem', 'warning'] as const;
  return order.find((status) => findings.some((each) => each.status === status)) ?? 'ok';
}

const colours = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

function print(findings: readonly Finding[]): void {
  const paint = paintFor(process.stdout, process.env);
  const lines = table(findings.map(({ name, status, detail }) => [status, name, detail]));
  findings.forEach(({ status, mend }, at) => {
    const line = lines[at] ?? '';
    printLine(paint(colours[status], line.slice(0, status.length)) + line.slice(status.length));
    if (mend !== undefined) printLine(`         mend it: ${paint('bold', mend)}`);
  });
}
