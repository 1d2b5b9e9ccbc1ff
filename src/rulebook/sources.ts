/** The files of a rulebook, read: the documents that they hold, and where everything in them stands. */
import { fail, problemOf, throwProblems, type Finding, type Problem } from './problem.js';
import { documentNames, type RulebookContent } from './schema.js';
import { readYaml, type Place, type ReadFile } from './yaml.js';

/** File name → text: `policy.yaml`, `vocabulary.yaml`, … ({@link documentNames}), and what policy.yaml extends. */
export type RulebookFiles = Readonly<Record<string, string>>;

/** Where a finding in a document stands. Those in `extensions` begin with the place in that list. */
export type Locate = (document: string, finding: Finding) => Pick<Problem, 'file'> | Place;

/**
 * The documents by name, unchecked. What policy.yaml extends, and so on, is read from a file of that name: the last of
 * them is `policy`, those before it are `extensions`, innermost first.
 *
 * @throws RulebookError for a missing, foreign or unreadable file.
 */
export function readSources(files: RulebookFiles): { readonly data: Record<string, unknown>; readonly locate: Locate } {
  const chain = readChain(files);
  const known = [...documentNames.map(fileOf), ...chain.map(({ file }) => file)];
  throwProblems([
    ...known.filter((file) => !Object.hasOwn(files, file)).map((file) => ({ file, message: 'the file is missing' })),
    ...Object.keys(files)
      .filter((file) => !known.includes(file))
      .map((file) => problemOf({ path: [], message: 'unknown file', word: file, known }, { file })),
  ]);
  const others = documentNames.filter((name) => name !== 'policy').map((name) => [name, textOf(files, name)] as const);
  const read = new Map(others.map(([name, text]) => [String(name), readYaml(fileOf(name), text)]));
  const [policy, ...extensions] = chain.toReversed().map((link) => link.read);
  if (policy) read.set('policy', policy);
  return {
    data: {
      ...Object.fromEntries([...read].map(([name, { data }]) => [name, data])),
      ...(extensions.length > 0 && { extensions: extensions.map(({ data }) => data) }),
    },
    locate: (document, { path, atKey }) => {
      const [at, ...rest] = path;
      const extension = document === 'extensions' && typeof at === 'number' ? extensions[at] : undefined;
      if (extension) return extension.locate(rest, atKey);
      return read.get(document)?.locate(path, atKey) ?? { file: fileOf(document) };
    },
  };
}

/** The file that a document of a rulebook is read from. */
export function fileOf(document: string): string {
  return document === 'trustRoots' ? 'trust-roots.json' : `${document}.yaml`;
}

interface Link {
  readonly file: string;
  readonly read: ReadFile;
}

/** policy.yaml, what it extends, what that extends. */
function readChain(files: RulebookFiles): Link[] {
  const chain: Link[] = [];
  for (let name: string | undefined = 'policy'; name !== undefined && Object.hasOwn(files, fileOf(name));) {
    const file = fileOf(name);
    const read = readYaml(file, textOf(files, name));
    chain.push({ file, read });
    name = baseOf(read);
    const wrong = name === undefined ? undefined : wrongBase(name, chain, files);
    if (name !== undefined && wrong !== undefined) {
      const known = Object.keys(files).map((each) => each.replace(/\.yaml$/, ''));
      const free = known.filter((each) => wrongBase(each, chain, files) === undefined);
      fail(problemOf({ path: ['extends'], message: wrong, word: name, known: free }, read.locate(['extends'])));
    }
  }
  return chain;
}

function wrongBase(name: string, chain: readonly Link[], files: RulebookFiles): string | undefined {
  const file = fileOf(name);
  if (chain.some((link) => link.file === file)) return `"${name}" extends itself`;
  if (documentNames.some((known) => known === name)) return `"${name}" is no policy to extend`;
  return Object.hasOwn(files, file) ? undefined : `no file "${file}" to extend`;
}

function baseOf({ data, locate }: ReadFile): string | undefined {
  if (typeof data !== 'object' || data === null || !('extends' in data)) return undefined;
  if (typeof data.extends === 'string') return data.extends;
  return fail({ ...locate(['extends']), message: 'expected the name of a policy file without .yaml' });
}

function textOf(files: RulebookFiles, document: string): string {
  return files[fileOf(document)] ?? '';
}

/** File name → the document that stood in it. Reading them again makes the same content. */
export function documentFiles(content: RulebookContent): Readonly<Record<string, unknown>> {
  const { extensions = [], policy } = content;
  const outermostFirst = extensions.toReversed();
  const chain = ['policy', ...outermostFirst.map((extension) => extension.extends)];
  const others = documentNames.filter((name) => name !== 'policy').map((name) => [name, content[name]] as const);
  const policies = [...outermostFirst, policy].map((document, at) => [chain[at] ?? 'policy', document] as const);
  return Object.fromEntries(
    [...policies, ...others]
      .filter(([, document]) => document !== undefined)
      .map(([name, document]) => [fileOf(name), document]),
  );
}
