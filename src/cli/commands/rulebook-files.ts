/** Rulebooks in a folder of this machine: read to be proposed, written to be edited. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalDigest } from '../../audit/bytes.js';
import { loadContent, loadRulebook } from '../../rulebook/load.js';
import { readPolicyFolder } from '../../rulebook/policy-folder.node.js';
import { RulebookError } from '../../rulebook/problem.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import type { RulebookContent } from '../../rulebook/schema.js';
import { filesOf, trustRootsFile } from '../../rulebook/change/to-files.js';
import type { Api } from '../api.gateway.js';
import { CommandFailure } from './failure.js';
import { rulebookView } from './rulebook-views.js';

/**
 * The rulebook of a folder. Trust roots that are not in it stay those that govern.
 *
 * @throws CommandFailure `rulebook.unreadable` with every problem: file, line and column.
 */
export function readRulebook(folder: string, governing: Content): Rulebook {
  if (!existsSync(folder)) throw new CommandFailure(1, 'folder.missing', 'There is no such folder.');
  const roots = join(folder, trustRootsFile);
  try {
    const trustRoots: unknown = existsSync(roots) ? JSON.parse(readFileSync(roots, 'utf8')) : governing['trustRoots'];
    return loadRulebook(readPolicyFolder(folder), trustRoots);
  } catch (error) {
    if (error instanceof RulebookError) throw new CommandFailure(1, 'rulebook.unreadable', error.message);
    if (error instanceof SyntaxError)
      throw new CommandFailure(1, 'rulebook.unreadable', `${trustRootsFile} is not JSON`);
    throw error;
  }
}

/** @throws CommandFailure `folder.taken` rather than overwrite anything. */
export function writeRulebook(folder: string, content: RulebookContent): string[] {
  const files = Object.entries(filesOf(content));
  if (files.some(([name]) => existsSync(join(folder, name))))
    throw new CommandFailure(1, 'folder.taken', 'There is a rulebook in this folder; nothing was written.');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text, { flag: 'wx' });
  return files.map(([name]) => name);
}

/** Documents by name and trust roots, unjudged. */
export type Content = Readonly<Record<string, unknown>>;

/**
 * The content that the API keeps under this digest, if that is what it is: whoever signs, signs what they read.
 *
 * @throws CommandFailure `rulebook.differs`.
 */
export async function fetchContent(api: Api, digest: string): Promise<Content> {
  const { content } = await api.get(`/v1/rulebooks/${digest}`, rulebookView);
  if (canonicalDigest(content) === digest) return content;
  throw new CommandFailure(1, 'rulebook.differs', 'The API told another rulebook than this. Report it.');
}

/** {@link fetchContent}, judged. @throws CommandFailure `rulebook.unreadable` for one that this version cannot judge. */
export async function fetchRulebook(api: Api, digest: string): Promise<Rulebook> {
  const content = await fetchContent(api, digest);
  try {
    return loadContent(content);
  } catch (error) {
    if (error instanceof RulebookError) throw new CommandFailure(1, 'rulebook.unreadable', error.message);
    throw error;
  }
}
