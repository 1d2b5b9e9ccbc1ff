import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { projectFolder } from '../src/config/project-folder.js';

/** This build's compiled (or, under a test runner, source) tree: the parent of this file's folder. */
const tree = dirname(dirname(fileURLToPath(import.meta.url)));
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The failure converter that bundle, workers and clients share; a side without it would write failures in clear. */
export const failureConverterPath = join(tree, 'src', 'temporal', `failure-converter.${extension}`);

/**
 * The workflows, bundled. The bundle is kept beside the build and made again when a source of it is newer, because
 * making it takes some seconds.
 */
export async function workflowBundle(): Promise<{ readonly code: string }> {
  const kept = join(projectFolder(), 'dist', `workflow-bundle.${extension}.js`);
  if (existsSync(kept) && statSync(kept).mtimeMs > newest(tree, ['workflows', 'src']))
    return { code: readFileSync(kept, 'utf8') };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(tree, 'workflows', `index.${extension}`),
    failureConverterPath,
    logger: quiet,
  });
  mkdirSync(dirname(kept), { recursive: true });
  const fresh = `${kept}.${process.pid}`;
  writeFileSync(fresh, code);
  renameSync(fresh, kept); // atomic: two processes may make it at once
  return { code };
}

function newest(root: string, folders: readonly string[]): number {
  return Math.max(
    ...folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(`.${extension}`))
        .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
    ),
  );
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
