/** Makes a rulebook of texts, or of what the database stored. Either it is right as a whole, or it is refused. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { canonicalBytes } from '../action/canonical.js';
import { digest, type Digest } from '../action/ids.js';
import { build } from './build.js';
import { checkContent } from './check.js';
import { fail, problemOf, throwProblems, type Finding, type Problem } from './problem.js';
import type { Rulebook } from './rulebook.js';
import { contentSchema, documentNames, documentSchemas, type DocumentName, type RulebookContent } from './schema.js';
import { trustRootsSchema } from './trust-roots.js';
import { readYaml, type Place } from './yaml.js';

/** File name → text: `policy.yaml`, `vocabulary.yaml`, … ({@link documentNames}). */
export type RulebookFiles = Readonly<Record<string, string>>;

/**
 * @param trustRoots parsed JSON, given by the installation rather than shipped with the rules.
 * @throws RulebookError with every problem found: file, line, column, and the closest word that would have been right.
 */
export function loadRulebook(files: RulebookFiles, trustRoots: unknown): Rulebook {
  const known = documentNames.map(fileOf);
  throwProblems([
    ...known.filter((file) => !Object.hasOwn(files, file)).map((file) => ({ file, message: 'the file is missing' })),
    ...Object.keys(files)
      .filter((file) => !known.includes(file))
      .map((file) => problemOf({ path: [], message: 'unknown file', word: file, known }, { file })),
  ]);
  const read = Object.fromEntries(
    documentNames.map((name) => [name, readYaml(fileOf(name), files[fileOf(name)] ?? '')]),
  );
  const locate = (name: string, { path, atKey }: Finding) => read[name]?.locate(path, atKey) ?? { file: fileOf(name) };
  const data = Object.fromEntries(documentNames.map((name) => [name, read[name]?.data]));
  return make({ ...data, trustRoots }, locate);
}

/**
 * The rulebook that the database stored under this digest, judged again by this build.
 *
 * @throws RulebookError when the content is not what the digest says, or no longer fits.
 */
export function restoreRulebook(expected: Digest, content: unknown): Rulebook {
  const rulebook = make(content, (file) => ({ file: fileOf(file) }));
  if (rulebook.digest !== expected) throwProblems([{ file: expected, message: 'stored under another digest' }]);
  return rulebook;
}

type Locate = (document: string, finding: Finding) => Pick<Problem, 'file'> | Place;

function make(data: unknown, locate: Locate): Rulebook {
  const content = parse(data, locate);
  const problems: Problem[] = [];
  const reports = (document: DocumentName) => (finding: Finding) =>
    void problems.push(problemOf(finding, locate(document, finding)));
  checkContent(content, reports);
  const rulebook = build(content, digest(bytesToHex(sha256(canonicalBytes(content)))), reports('policy'));
  throwProblems(problems);
  return rulebook;
}

function parse(data: unknown, locate: Locate): RulebookContent {
  const parsed = contentSchema.safeParse(data, { reportInput: true });
  if (parsed.success) return parsed.data;
  // An unknown key first: it is often what a missing one was meant to be.
  const order = (issue: z.core.$ZodIssue) => (issue.code === 'unrecognized_keys' ? 0 : 1);
  const issues = [...parsed.error.issues].sort((a, b) => order(a) - order(b));
  const [first, ...more] = issues.flatMap((issue) => {
    const [document = 'rulebook', ...path] = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    return findingsOf(String(document), { ...issue, path }).map((finding) =>
      problemOf(finding, locate(String(document), finding)),
    );
  });
  return fail(first ?? { file: 'rulebook', message: 'unreadable' }, ...more);
}

/** One issue of zod in the words of this room. */
function findingsOf(document: string, issue: z.core.$ZodIssue & { path: (string | number)[] }): Finding[] {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysOf(document);
      return issue.keys.map((word) => ({
        path: [...path, word],
        atKey: true,
        message: `unknown key "${word}"`,
        word,
        known,
      }));
    }
    case 'invalid_value': {
      const known = issue.values.map(String);
      const word = typeof issue.input === 'string' ? issue.input : undefined;
      return [{ path, message: `expected one of ${known.join(', ')}`, known, ...(word !== undefined && { word }) }];
    }
    case 'invalid_key':
      return [{ path, atKey: true, message: 'a key of the wrong shape' }];
    default:
      return [{ path, message: issue.message.replace(/^Invalid input: /, '') }];
  }
}

/** Every key that the document's shape knows, wherever it stands. */
function keysOf(document: string): string[] {
  const schemas: Readonly<Record<string, z.ZodType>> = { ...documentSchemas, trustRoots: trustRootsSchema };
  const schema = schemas[document];
  const keys = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'properties' && typeof inner === 'object' && inner !== null)
        Object.keys(inner).forEach((key) => keys.add(key));
      walk(inner);
    }
  };
  if (schema) walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return [...keys];
}

function fileOf(document: string): string {
  return document === 'trustRoots' ? 'trust-roots.json' : `${document}.yaml`;
}
