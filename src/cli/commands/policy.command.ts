/** `countersign policy`: try rules before anything depends on them. Reads files; needs no server and no network. */
import { Command, type OptionValues } from 'commander';
import { runCases, type CaseResult } from '../../policy/study/cases.js';
import { widens } from '../../policy/study/change-kind.js';
import { compareBeyondRequests } from '../../policy/study/beyond-requests.js';
import { diffActions, diffPolicies } from '../../policy/study/diff.js';
import { explain } from '../../policy/study/explain.js';
import { checkInvariants, type InvariantResult } from '../../policy/study/invariants.js';
import { sampleReader } from '../../policy/study/sample.js';
import { simulate } from '../../policy/study/simulate.js';
import { problemLine, problemOf, type Problem } from '../../rulebook/problem.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import { documentNames } from '../../rulebook/schema.js';
import { CommandFailure } from './failure.js';
import {
  caseFiles,
  loadPath,
  mustLoad,
  ownCaseFiles,
  readCases,
  readPast,
  readRequest,
  shippedPolicies,
  standardInput,
  type Cases,
} from './policy-files.js';
import { requestIn, withRequest } from './policy-request.js';
import {
  amountLines,
  caseLines,
  differenceLines,
  errorLine,
  explanationLines,
  invariantLines,
  sampleText,
  simulatedLines,
  warningLines,
} from './policy-text.js';
import { processShell, type Shell } from './shell.js';

/** Of `diff` and `simulate`: nothing changed, everything that did is stricter, or something is allowed or asks less. */
const changed = { nothing: 0, stricter: 50, wider: 51, not_all_compared: 52 } as const;
const changedText = '\nExit: 0 nothing changes, 50 all that changes is stricter, 51 something is wider, 1 an error.';

interface Common {
  readonly json?: boolean;
  readonly policies: string;
}

export function policyCommand(shell: Shell = processShell): Command {
  const group = new Command('policy').description('check, test, explain and compare policies, offline');
  const own = (usage: string, description: string): Command =>
    group
      .command(usage)
      .description(description)
      .option('--policies <folder>', 'the rulebook that a single policy file is judged in', shippedPolicies())
      .option('--json', 'one JSON value on standard output');

  own('check <path...>', 'errors, warnings and invariants of policy files or of whole rulebooks')
    .option('--invariants <file...>', 'invariants besides those in the tests of a rulebook')
    .addHelpText('after', '\nExit: 0 nothing is wrong (there may be warnings), 1 an error, or a broken invariant.')
    .action((paths: string[], options: CheckOptions) => {
      process.exitCode = check(shell, paths, options);
    });

  own('test [path...]', 'run table cases and invariants; those of the rulebook unless told')
    .addHelpText('after', '\nExit: 0 all passed, 1 one failed or a file is wrong.')
    .action((paths: string[], options: Common) => {
      process.exitCode = test(shell, paths, options);
    });

  withRequest(own('explain', 'why a request is answered as it is, and what would turn the answer round'))
    .option('--policy <path>', 'another policy file or rulebook than the one of --policies')
    .addHelpText(
      'after',
      '\nWithout a request in options it is read as JSON from standard input.\nExit: 0 explained, 1 the request is wrong.',
    )
    .action(async (options: Common & OptionValues & { readonly policy?: string }) => explainRequest(shell, options));

  own('diff <before> <after>', 'requests that two policies or rulebooks answer differently')
    .option('--all', 'every one of them, not the first few of a kind')
    .addHelpText(
      'after',
      `${changedText}\n52 nothing wider was found, but files differ in what was not compared: hours, deadlines, reminders, escalations,\nwhat quotas and volumes count, EHR searches, record classes, roles that imply others, who may change the rules.`,
    )
    .action((before: string, after: string, options: Listing) => {
      process.exitCode = diff(shell, before, after, options);
    });

  own('simulate <candidate>', 'past requests, read from standard input, under another policy or rulebook')
    .option('--from-leaves', 'read leaves of the log, one a line, or one evidence bundle')
    .option('--all', 'every request that changes, not the first few of a kind')
    .addHelpText(
      'after',
      `${changedText}\nA line is a request as JSON, as \`policy explain\` reads it; it may have a name.`,
    )
    .action(async (candidate: string, options: SimulateOptions) => {
      process.exitCode = await simulatePast(shell, candidate, options);
    });

  return group;
}

interface CheckOptions extends Common {
  readonly invariants?: readonly string[];
}

function check(shell: Shell, paths: readonly string[], options: CheckOptions): number {
  const checked = paths.map((path) => {
    const loaded = loadPath(path, options.policies);
    if (loaded.status === 'wrong') return { path, errors: loaded.problems, warnings: [], invariants: [] };
    const files = [...ownCaseFiles(path), ...(options.invariants ?? [])].map(readCases);
    const invariants = files.flatMap((cases) => judged(loaded.rulebook, cases));
    return { path, errors: files.flatMap(({ problems }) => problems), warnings: loaded.warnings, invariants };
  });
  const broken = (results: readonly InvariantResult[]) => results.filter(({ status }) => status === 'broken').length;
  const wrong = checked.some(({ errors, invariants }) => errors.length > 0 || broken(invariants) > 0);
  if (options.json) shell.print(JSON.stringify({ status: wrong ? 'wrong' : 'sound', checked }));
  else
    for (const { path, errors, warnings, invariants } of checked) {
      for (const problem of errors) shell.print(errorLine(problem, shell.paint));
      for (const warning of warnings) warningLines(warning, shell.paint).forEach((line) => shell.print(line));
      for (const result of invariants) invariantLines(result, shell.paint).forEach((line) => shell.print(line));
      const counts = [count(errors.length, 'error'), count(warnings.length, 'warning')];
      const of =
        invariants.length > 0 ? [`${broken(invariants)} of ${count(invariants.length, 'invariant')} broken`] : [];
      shell.print(`${path}: ${[...counts, ...of].join(', ')}`);
    }
  return wrong ? 1 : 0;
}

function judged(rulebook: Rulebook, { document, report }: Cases): InvariantResult[] {
  return checkInvariants(rulebook, document.invariants ?? [], report);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function test(shell: Shell, paths: readonly string[], options: Common): number {
  const rulebook = mustLoad(options.policies, options.policies);
  const places = paths.length > 0 ? paths : [options.policies];
  const files = places.flatMap(caseFiles).map((file) => {
    const cases = readCases(file);
    const results = runCases(rulebook, cases.document, cases.report);
    return { cases, results, invariants: judged(rulebook, cases) };
  });
  if (files.length === 0) throw new CommandFailure(1, 'cases.none', `There are no tests in ${places.join(', ')}.`);
  const failed = (results: readonly CaseResult[]) => results.filter(({ differences }) => differences.length > 0);
  const broken = (results: readonly InvariantResult[]) => results.filter(({ status }) => status === 'broken');
  const rows = files.map(({ cases, results, invariants }) => ({
    file: cases.file,
    failed: failed(results).length + broken(invariants).length,
    passed: results.length + invariants.length - failed(results).length - broken(invariants).length,
    problems: cases.problems,
    results,
    invariants,
  }));
  const wrong = rows.some(({ failed, problems }) => failed > 0 || problems.length > 0);
  if (options.json) {
    shell.print(JSON.stringify({ status: wrong ? 'failed' : 'passed', files: rows }));
    return wrong ? 1 : 0;
  }
  for (const { cases, results, invariants } of files) {
    for (const problem of cases.problems) shell.print(errorLine(problem, shell.paint));
    for (const result of failed(results))
      for (const line of caseLines(result, cases.place(result.path), shell.paint)) shell.print(line);
    for (const result of broken(invariants)) invariantLines(result, shell.paint).forEach((line) => shell.print(line));
  }
  for (const { file, passed, failed, problems } of rows)
    shell.print(
      `${file}: ${passed} passed, ${failed} failed${problems.length > 0 ? `, ${count(problems.length, 'error')}` : ''}`,
    );
  return wrong ? 1 : 0;
}

async function explainRequest(
  shell: Shell,
  options: Common & OptionValues & { readonly policy?: string },
): Promise<void> {
  const sample = requestIn(options) ?? readRequest(await standardInput());
  const rulebook = mustLoad(options.policy ?? options.policies, options.policies);
  const problems: Problem[] = [];
  const report = (finding: Parameters<typeof problemOf>[0]) =>
    void problems.push(problemOf(finding, { file: finding.path.join('.') || 'request' }));
  const asked = sampleReader(rulebook)(sample, report);
  if (asked === undefined) throw new CommandFailure(1, 'request.invalid', problems.map(problemLine).join('\n'));
  const explanation = explain(rulebook, sample, asked);
  if (options.json) shell.print(JSON.stringify({ request: sample, ...explanation }));
  else {
    shell.print(sampleText(sample));
    for (const line of explanationLines(explanation, shell.paint)) shell.print(line);
  }
}

interface Listing extends Common {
  readonly all?: boolean;
}

function diff(shell: Shell, before: string, after: string, options: Listing): number {
  const [one, other] = [mustLoad(before, options.policies), mustLoad(after, options.policies)];
  const files = documentNames.filter(
    (name) => name !== 'policy' && JSON.stringify(one.content[name]) !== JSON.stringify(other.content[name]),
  );
  const differences = [...diffPolicies(one, other), ...(files.length > 0 ? diffActions(one, other) : [])];
  const { amounts, notCompared } = compareBeyondRequests(one, other);
  const found = statusOf([...differences.map(({ kind }) => widens(kind)), ...amounts.map(({ wider }) => wider)]);
  const status = found !== 'wider' && notCompared.length > 0 ? 'not_all_compared' : found;
  if (options.json) shell.print(JSON.stringify({ status, differences, amounts, notCompared, otherFiles: files }));
  else {
    for (const line of differenceLines(differences, shell.paint, limitOf(options))) shell.print(line);
    for (const line of amountLines(amounts, shell.paint)) shell.print(line);
    if (found === 'nothing' && notCompared.length === 0) shell.print('No request is answered differently.');
    if (found === 'nothing' && notCompared.length > 0) shell.print('None was found among what was compared.');
    if (notCompared.length > 0) shell.print('These differ and were not compared; look at them yourself:');
    for (const place of notCompared) shell.print(`  ${place}`);
  }
  return changed[status];
}

function limitOf({ all = false }: Listing): number {
  return all ? Number.POSITIVE_INFINITY : 5;
}

/** @param widenings of each change, whether it widens. */
function statusOf(widenings: readonly boolean[]): 'nothing' | 'stricter' | 'wider' {
  if (widenings.length === 0) return 'nothing';
  return widenings.includes(true) ? 'wider' : 'stricter';
}

interface SimulateOptions extends Listing {
  readonly fromLeaves?: boolean;
}

async function simulatePast(shell: Shell, candidate: string, options: SimulateOptions): Promise<number> {
  const [present, other] = [mustLoad(options.policies, options.policies), mustLoad(candidate, options.policies)];
  const { past, skipped } = readPast(await standardInput(), options.fromLeaves ?? false);
  if (past.length === 0)
    throw new CommandFailure(1, 'requests.none', 'There is no request on standard input, so that nothing was tried.');
  const problems: Problem[] = [];
  const changes = simulate(present, other, past, (finding) => {
    const [at, ...path] = finding.path;
    const name = typeof at === 'number' ? past[at]?.name : undefined;
    problems.push(problemOf(finding, { file: [name ?? 'request', ...path].join(' ') }));
  });
  if (problems.length > 0) throw new CommandFailure(1, 'request.invalid', problems.map(problemLine).join('\n'));
  const status = statusOf(changes.flatMap(({ kinds }) => kinds.map(widens)));
  if (options.json) shell.print(JSON.stringify({ status, requests: past.length, skipped, changes }));
  else {
    for (const line of simulatedLines(changes, shell.paint, limitOf(options))) shell.print(line);
    const others = skipped > 0 ? `; ${count(skipped, 'other leaf').replace(/leafs$/, 'leaves')} skipped` : '';
    shell.print(`${changes.length} of ${count(past.length, 'request')} would be answered differently${others}.`);
  }
  return changed[status];
}
