/** What a bench says: one object for each figure, as JSON lines or as a table. */

/** A line of the result. Times in milliseconds, rates per second; `note` says what a reader must know of it. */
export interface Figure {
  readonly bench: string;
  readonly case: string;
  readonly n?: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly mean?: number;
  readonly perSecond?: number;
  readonly events?: number;
  readonly ratio?: number;
  readonly note?: string;
}

/** The value that so many of a hundred do not exceed (nearest rank). */
function percentile(values: readonly number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)];
  if (found === undefined) throw new RangeError('no values');
  return found;
}

/** Median and 95th percentile of some durations. */
export function spread(values: readonly number[]): Required<Pick<Figure, 'n' | 'p50' | 'p95'>> {
  return { n: values.length, p50: rounded(percentile(values, 50)), p95: rounded(percentile(values, 95)) };
}

/** For durations that keep to steps, of which the median tells only on which step it lies. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Three significant digits: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Prints the figures: JSON lines when `--json` is among the arguments, else a table. */
export function print(figures: readonly Figure[], args: readonly string[] = process.argv.slice(2)): void {
  const text = args.includes('--json') ? figures.map((figure) => JSON.stringify(figure)).join('\n') : table(figures);
  process.stdout.write(`${text}\n`);
}

const columns = ['case', 'n', 'p50', 'p95', 'mean', 'perSecond', 'events', 'ratio', 'note'] as const;

function table(figures: readonly Figure[]): string {
  const used = columns.filter((column) => figures.some((figure) => figure[column] !== undefined));
  const rows = [used, ...figures.map((figure) => used.map((column) => String(figure[column] ?? '')))];
  const widths = used.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
