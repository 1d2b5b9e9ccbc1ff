/** Reads what `countersign policy` is given: rulebooks, single policies, cases, past requests. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { projectFolder } from '../../config/project-folder.js';
import { bundleSchema, parseBundleText } from '../../audit/bundle.js';
import { caseFileSchema, type CaseFile } from '../../policy/study/cases.js';
import { sampleSchema, type Sample } from '../../policy/study/sample.js';
import { fromLeaf, pastLineSchema, type PastRequest } from '../../policy/study/simulate.js';
import { reviewRulebook, type RulebookFiles, type Warning } from '../../rulebook/load.js';
import { readPolicyFolder } from '../../rulebook/policy-folder.node.js';
import {
  problemLine,
  problemOf,
  RulebookError,
  type Finding,
  type Path,
  type Problem,
  type Report,
} from '../../rulebook/problem.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import { documentNames } from '../../rulebook/schema.js';
import { fileOf } from '../../rulebook/sources.js';
import type { TrustRoots } from '../../rulebook/trust-roots.js';
import { readYaml, type ReadFile } from '../../rulebook/yaml.js';
import { findingsOf, inOrder } from '../../rulebook/schema-findings.js';
import { CommandFailure, wrongUse } from './failure.js';

/** The rulebook that ships. */
export function shippedPolicies(): string {
  return join(projectFolder(), 'policies');
}

export type Loaded =
  | { readonly status: 'loaded'; readonly rulebook: Rulebook; readonly warnings: readonly Warning[] }
  | { readonly status: 'wrong'; readonly problems: readonly Problem[] };

/** Who signs and who is believed is the installation's, not the policy's. */
const noTrust: TrustRoots = { issuers: [], warrantIssuers: [], logs: [], rpIds: [] };

/** A folder is a rulebook. A file is a policy, which takes the place of the one in the rulebook of `inside`. */
export function loadPath(path: string, inside: string): Loaded {
  const { files, shown } = isFolder(path) ? ofFolder(path) : ofFile(path, inside);
  const placed = <P extends Problem>(problem: P): P => ({ ...problem, file: shown.get(problem.file) ?? problem.file });
  try {
    const { rulebook, warnings } = reviewRulebook(files, noTrust);
    return { status: 'loaded', rulebook, warnings: warnings.map(placed) };
  } catch (error) {
    if (!(error instanceof RulebookError)) throw error;
    return { status: 'wrong', problems: error.problems.map(placed) };
  }
}

/** @throws CommandFailure with everything that is wrong: what builds on a rulebook needs one. */
export function mustLoad(path: string, inside: string): Rulebook {
  const loaded = loadPath(path, inside);
  if (loaded.status === 'loaded') return loaded.rulebook;
  throw wrong(loaded.problems);
}

interface Files {
  readonly files: RulebookFiles;
  /** Name in the rulebook → where the person finds it. */
  readonly shown: ReadonlyMap<string, string>;
}

function ofFolder(folder: string): Files {
  const files = readPolicyFolder(folder);
  return { files, shown: new Map(Object.keys(files).map((name) => [name, join(folder, name)])) };
}

/** What it extends is looked for beside it. */
function ofFile(path: string, inside: string): Files {
  const around = ofFolder(inside);
  const documents = documentNames.map(fileOf).filter((name) => Object.hasOwn(around.files, name));
  const files = new Map(documents.map((name) => [name, around.files[name] ?? '']));
  const shown = new Map(around.shown);
  const put = (name: string, file: string): string | undefined => {
    const text = textOf(file);
    files.set(name, text);
    shown.set(name, file);
    return baseOf(text);
  };
  for (let base = put('policy.yaml', path); base !== undefined && !files.has(base);) {
    const file = join(dirname(path), base);
    base = existsSync(file) ? put(base, file) : undefined;
  }
  return { files: Object.fromEntries(files), shown };
}

/** File name of what a policy extends. A policy that cannot be read says so once it is loaded. */
function baseOf(policy: string): string | undefined {
  const name = /^extends:\s*["']?([a-z][a-z0-9_-]*)/m.exec(policy)?.[1];
  return name === undefined ? undefined : fileOf(name);
}

export interface Cases {
  readonly file: string;
  readonly document: CaseFile;
  /** Collects what is wrong with the words in it. */
  readonly report: Report;
  readonly problems: readonly Problem[];
  /** `file:line:column`. */
  readonly place: (path: Path) => string;
}

/**
 * A file of cases and invariants.
 *
 * @throws CommandFailure with everything that is wrong with its shape.
 */
export function readCases(file: string): Cases {
  const read = yamlOf(file);
  const document = parsed(read, caseFileSchema);
  const problems: Problem[] = [];
  return {
    file,
    document,
    problems,
    place: (path) => {
      const { line, column } = read.locate(path);
      return `${file}:${line}:${column}`;
    },
    report: (finding) => void problems.push(problemOf(finding, read.locate(finding.path, finding.atKey))),
  };
}

/** A file of cases, or those of a folder; of a rulebook's folder, those in its `tests`. */
export function caseFiles(path: string): string[] {
  if (!isFolder(path)) return [path];
  const tests = join(path, 'tests');
  const folder = existsSync(tests) ? tests : path;
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The cases of a rulebook's folder; none for a single policy, which is not what they are about. */
export function ownCaseFiles(path: string): string[] {
  return isFolder(path) && existsSync(join(path, 'tests')) ? caseFiles(path) : [];
}

/** One request as JSON. @throws CommandFailure for anything else. */
export function readRequest(text: string): Sample {
  return fitting(jsonOf(text), sampleSchema, 'The request');
}

export interface Past {
  readonly past: readonly PastRequest[];
  /** Leaves that ask nothing. */
  readonly skipped: number;
}

/**
 * Past requests, one JSON value a line; with `leaves` leaves of the log, or one evidence bundle.
 *
 * @throws CommandFailure naming the first line that is neither: what cannot be read must not pass for unchanged.
 */
export function readPast(text: string, leaves: boolean): Past {
  const values = leaves ? leavesIn(text) : linesOf(text);
  const past: PastRequest[] = [];
  values.forEach(({ value, where }) => {
    if (!leaves) {
      const { name = where, ...request } = fitting(value, pastLineSchema, where);
      past.push({ name, request });
      return;
    }
    const found = fromLeaf(value);
    if (found.status === 'unreadable') throw new CommandFailure(1, 'leaf.malformed', `${where} is no leaf of a log.`);
    if (found.status === 'request') past.push(found.past);
  });
  return { past, skipped: values.length - past.length };
}

interface Value {
  readonly where: string;
  readonly value: unknown;
}

function linesOf(text: string): Value[] {
  return text.split('\n').flatMap((line, at) => {
    const where = `Line ${at + 1}`;
    return line.trim() === '' ? [] : [{ where, value: jsonOf(line, where) }];
  });
}

function leavesIn(text: string): Value[] {
  const bundle = bundleSchema.safeParse(parseBundleText(text)).data;
  if (bundle === undefined) return linesOf(text);
  return bundle.leaves.map(({ leaf }, at) => ({ where: `Leaf ${at + 1}`, value: jsonOf(leaf, `Leaf ${at + 1}`) }));
}

export async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) throw wrongUse('Nothing is on standard input; see --help.');
  return text(process.stdin);
}

function jsonOf(text: string, where = 'Standard input'): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailure(1, 'json.malformed', `${where} is not JSON.`);
  }
}

function fitting<T>(value: unknown, schema: z.ZodType<T>, where: string): T {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const lines = findings(parsed.error, schema).map((finding) => {
    const { message, suggestion } = problemOf(finding, { file: where });
    const key = finding.path.join('.');
    return `${where}: ${key === '' ? '' : `${key}: `}${message}${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`;
  });
  throw new CommandFailure(1, 'request.invalid', lines.join('\n'));
}

function findings(error: z.ZodError, schema: z.ZodType): Finding[] {
  return inOrder(error).flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    return findingsOf(schema, { ...issue, path });
  });
}

function yamlOf(file: string): ReadFile {
  try {
    return readYaml(file, textOf(file));
  } catch (error) {
    throw error instanceof RulebookError ? wrong(error.problems) : error;
  }
}

function parsed<T>(read: ReadFile, schema: z.ZodType<T>): T {
  const result = schema.safeParse(read.data, { reportInput: true });
  if (result.success) return result.data;
  throw wrong(
    findings(result.error, schema).map((finding) => problemOf(finding, read.locate(finding.path, finding.atKey))),
  );
}

function wrong(problems: readonly Problem[]): CommandFailure {
  return new CommandFailure(1, 'file.wrong', problems.map(problemLine).join('\n'));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    throw new CommandFailure(1, 'file.missing', `There is no ${path}.`);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CommandFailure(1, 'file.unreadable', `${file} cannot be read.`);
  }
}
