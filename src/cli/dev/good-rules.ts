import { readFileSync } from 'node:fs';
import { loadRulebook } from '../../rulebook/load.js';
import { readPolicyFolder } from '../../rulebook/policy-folder.node.js';
import { RulebookError } from '../../rulebook/problem.js';
import type { Progress } from '../terminal.js';
import type { ConfigFiles } from './config-files.js';
import type { Values } from './process-environment.js';

/**
 * What `countersign migrate` is given: the rules that somebody edited, if they are good. Else it is given none, and the
 * last good ones stay; what is wrong is said.
 */
export function withGoodRules(
  values: Values,
  { policies, policiesKept, trustRoots }: Pick<ConfigFiles, 'policies' | 'policiesKept' | 'trustRoots'>,
  progress: Progress,
): Values {
  if (!policiesKept) return values;
  progress(`rules              as you edited them in ${policies}; delete the folder to have the shipped ones back`);
  try {
    loadRulebook(readPolicyFolder(policies), JSON.parse(readFileSync(trustRoots, 'utf8')));
    return values;
  } catch (error) {
    if (!(error instanceof RulebookError)) throw error;
    for (const line of error.message.split('\n')) progress(`rules              ${line}`);
    progress('rules              unchanged: the last good ones stay');
    const { COUNTERSIGN_TRUST_ROOTS_FILE: _roots, COUNTERSIGN_POLICIES_DIR: _folder, ...others } = values;
    return others;
  }
}
