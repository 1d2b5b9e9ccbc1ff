/** What commands print: results on standard output, progress on standard error. Lines only, so that logs stay readable. */

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export type Paint = (style: Style, text: string) => string;

/** Colours where a terminal shows them; `NO_COLOR` (no-color.org) and pipes get plain text. */
export function paintFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const coloured = stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return (style, text) => (coloured ? `\u001B[${codes[style][0]}m${text}\u001B[${codes[style][1]}m` : text);
}

/** Columns as wide as their widest cell, two blanks apart; nothing is cut and no line ends in blanks. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export type Progress = (line: string) => void;

/** One line a step on standard error, with the seconds since the first. */
export function progressLines(
  out: { readonly isTTY?: boolean; write(text: string): unknown } = process.stderr,
  { env = process.env, clock = () => performance.now() } = {},
): Progress {
  const paint = paintFor(out, env);
  const began = clock();
  return (line) => {
    const seconds = ((clock() - began) / 1_000).toFixed(1).padStart(5);
    out.write(`${paint('dim', `${seconds} s`)}  ${line}\n`);
  };
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}
