/** The table of environment variables in docs/operating.md, made from what the code reads. */
import { describeVariables, processVariables } from '../src/config/environment.js';

const [begin, end] = ['<!-- variables: made by npm run docs -->', '<!-- /variables -->'];

/** A row for each variable: what it is for, and who reads it. */
export function variablesTable(): string {
  const rows = [...describeVariables()].map(([variable, what]) => {
    const readers = Object.entries(processVariables)
      .filter(([, names]) => names.some((name) => name === variable))
      .map(([name]) => name);
    const who = readers.length === Object.keys(processVariables).length ? 'all' : readers.join(', ');
    return `| \`${variable}\` | ${what.replaceAll('|', '\\|')} | ${who} |`;
  });
  return ['| variable | what it is | read by |', '| --- | --- | --- |', ...rows].join('\n');
}

/**
 * The page with the table of now between its marks.
 *
 * @throws Error when the page has no marks.
 */
export function withVariables(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error('the page lacks the marks of the table');
  return `${before}${begin}\n\n${variablesTable()}\n\n${end}${after}`;
}
