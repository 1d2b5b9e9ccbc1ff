/** Makes a rulebook of texts, or of what the database stored. Either it is right as a whole, or it is refused. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { z } from 'zod';
import { canonicalBytes } from '../action/canonical.js';
import { digest, type Digest } from '../action/ids.js';
import { extensionSchema } from '../policy/document.js';
import { partsOf } from '../policy/compile.js';
import { warningsOf } from '../policy/warnings.js';
import { build, worldOf } from './build.js';
import { checkContent } from './check.js';
import { fail, problemOf, throwProblems, type Finding, type Problem } from './problem.js';
import type { Rulebook } from './rulebook.js';
import { findingsOf, inOrder } from './schema-findings.js';
import { fileOf, readSources, type Locate, type RulebookFiles } from './sources.js';
import { contentSchema, documentSchemas, type DocumentName, type RulebookContent } from './schema.js';
import { trustRootsSchema } from './trust-roots.js';

export type { RulebookFiles } from './sources.js';

/**
 * @param trustRoots parsed JSON, given by the installation rather than shipped with the rules.
 * @throws RulebookError with every problem found: file, line, column, and the closest word that would have been right.
 */
export function loadRulebook(files: RulebookFiles, trustRoots: unknown): Rulebook {
  const { data, locate } = readSources(files);
  return make({ ...data, trustRoots }, locate);
}

/** A rule that does not do what it seems to. The rulebook may be used. */
export interface Warning extends Problem {
  /** YAML of a rule that would: to paste into the policy's rules. */
  readonly paste?: string;
}

/** {@link loadRulebook}, and what its author should look at again, in the order of the files. */
export function reviewRulebook(
  files: RulebookFiles,
  trustRoots: unknown,
): { readonly rulebook: Rulebook; readonly warnings: readonly Warning[] } {
  const { data, locate } = readSources(files);
  const rulebook = make({ ...data, trustRoots }, locate);
  const { policy, extensions = [] } = rulebook.content;
  const nothingNew = () => undefined; // it loaded: the compiler has nothing to say
  const parts = partsOf(
    policy,
    worldOf(rulebook.content),
    nothingNew,
    extensions.map((document) => ({ document, report: nothingNew })),
  );
  const warnings = warningsOf(parts, rulebook.policy.words).map(({ layer, paste, ...finding }): Warning => {
    const problem = problemOf(finding, locate(...placed(layer, finding)));
    return { ...problem, ...(paste !== undefined && { paste }) };
  });
  return { rulebook, warnings };
}

/**
 * Of the documents and trust roots as data, from anywhere; problems name the document and no line.
 *
 * @throws RulebookError with every problem found.
 */
export function loadContent(content: unknown): Rulebook {
  return make(content, (document) => ({ file: fileOf(document === 'extensions' ? 'policy' : document) }));
}

/**
 * The rulebook that the database stored under this digest, judged again by this build.
 *
 * @throws RulebookError when the content is not what the digest says, or no longer fits.
 */
export function restoreRulebook(expected: Digest, content: unknown): Rulebook {
  const rulebook = loadContent(content);
  if (rulebook.digest !== expected) throwProblems([{ file: expected, message: 'stored under another digest' }]);
  return rulebook;
}

function make(data: unknown, locate: Locate): Rulebook {
  const content = parse(data, locate);
  const problems: Problem[] = [];
  const reports = (document: DocumentName) => (finding: Finding) =>
    void problems.push(problemOf(finding, locate(document, finding)));
  checkContent(content, reports);
  const ofLayers = (layer: number) => (finding: Finding) =>
    void problems.push(problemOf(finding, locate(...placed(layer, finding))));
  const rulebook = build(content, digest(bytesToHex(sha256(canonicalBytes(content)))), ofLayers);
  throwProblems(problems);
  return rulebook;
}

/** The document and the path in it of a finding in the policy (0), or in what extends it. */
function placed(layer: number, finding: Finding): [document: string, finding: Finding] {
  if (layer === 0) return ['policy', finding];
  return ['extensions', { ...finding, path: [layer - 1, ...finding.path] }];
}

function parse(data: unknown, locate: Locate): RulebookContent {
  const parsed = contentSchema.safeParse(data, { reportInput: true });
  if (parsed.success) return parsed.data;
  const schemas: Readonly<Record<string, z.ZodType>> = {
    ...documentSchemas,
    extensions: extensionSchema,
    trustRoots: trustRootsSchema,
  };
  const [first, ...more] = inOrder(parsed.error).flatMap((issue) => {
    const [document = 'rulebook', ...path] = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    return findingsOf(schemas[String(document)], { ...issue, path }).map((finding) =>
      problemOf(finding, locate(String(document), finding)),
    );
  });
  return fail(first ?? { file: 'rulebook', message: 'unreadable' }, ...more);
}
