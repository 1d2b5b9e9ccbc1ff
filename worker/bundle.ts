import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { z } from 'zod';
import { projectFolder } from '../src/config/project-folder.js';
import { failureConverterPath } from '../src/temporal/failure-converter-path.js';

/** This build's compiled (or, under a test runner, source) tree: the parent of this file's folder. */
const tree = dirname(dirname(fileURLToPath(import.meta.url)));
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The workflows, bundled; kept beside the build, because making the bundle takes some seconds. */
export function workflowBundle(): Promise<{ readonly code: string }> {
  const project = projectFolder();
  return keptBundle({
    tree,
    extension,
    versions: dependencyVersions(project),
    folder: join(project, 'dist'),
    make: async () => {
      const workflowsPath = join(tree, 'workflows', `index.${extension}`);
      return (await bundleWorkflowCode({ workflowsPath, failureConverterPath, logger: quiet })).code;
    },
  });
}

export interface KeptBundle {
  /** Holds the folders `workflows` and `src` that the bundle is made of. */
  readonly tree: string;
  readonly extension: 'ts' | 'js';
  /** What else goes into the bundle: the packages that it imports. */
  readonly versions: readonly string[];
  /** Where bundles are kept. It need not be writable. */
  readonly folder: string;
  readonly make: () => Promise<string>;
}

/**
 * The bundle that was kept for exactly these sources, or a new one. Content decides and not time: an image's layers
 * round times to the second or set them all alike, and there the bundle must be found, because its files are read-only.
 */
export async function keptBundle(kept: KeptBundle): Promise<{ readonly code: string }> {
  const { folder, extension, make } = kept;
  const prefix = `workflow-bundle.${extension}.`;
  const name = `${prefix}${sourceDigest(kept)}.js`;
  const file = join(folder, name);
  if (existsSync(file)) return { code: readFileSync(file, 'utf8') };
  const code = await make();
  try {
    mkdirSync(folder, { recursive: true });
    const fresh = join(folder, `${name}.${process.pid}`);
    writeFileSync(fresh, code);
    renameSync(fresh, file); // atomic: two processes may make it at once
    for (const other of readdirSync(folder))
      if (other.startsWith(prefix) && other.endsWith('.js') && other !== name) rmSync(join(folder, other));
  } catch (error) {
    if (!unwritable.has(typeof error === 'object' && error !== null && 'code' in error && error.code)) throw error;
  }
  return { code };
}

/** What a file system answers that keeps nothing; the bundle serves all the same. ENOENT: another process tidied first. */
const unwritable: ReadonlySet<unknown> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOENT']);

function sourceDigest({ tree, extension, versions }: KeptBundle): string {
  const hash = createHash('sha256').update(JSON.stringify(versions));
  const files = ['workflows', 'src'].flatMap((folder) =>
    readdirSync(join(tree, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(`.${extension}`))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  for (const file of files.sort()) {
    const bytes = readFileSync(file);
    hash.update(`\n${relative(tree, file)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

const manifest = z.looseObject({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
});

/** Our direct dependencies as installed: with another version of one, a kept bundle is another's. */
function dependencyVersions(project: string): readonly string[] {
  const read = (folder: string) => {
    const file = join(folder, 'package.json');
    return existsSync(file) ? manifest.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  };
  const names = Object.keys(read(project)?.dependencies ?? {}).sort();
  return names.map((name) => `${name}@${read(join(project, 'node_modules', name))?.version ?? 'elsewhere'}`);
}

const say = (_level: string, message: string): void => void process.stderr.write(`${message}\n`);
const nothing = (): void => undefined;
const quiet = {
  log: say,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: (message: string) => say('error', message),
};
