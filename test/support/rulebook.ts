import { join } from 'node:path';
import { loadRulebook, type RulebookFiles } from '../../src/rulebook/load.js';
import { readPolicyFolder } from '../../src/rulebook/policy-folder.node.js';
import type { Rulebook } from '../../src/rulebook/rulebook.js';
import type { TrustRoots } from '../../src/rulebook/trust-roots.js';

/** Nobody is trusted. */
export const noTrust: TrustRoots = { issuers: [], warrantIssuers: [], logs: [], rpIds: [] };

export const policies = join(process.cwd(), 'policies');

/** The files that ship, some of them replaced. */
export function rulebookFiles(changes: RulebookFiles = {}): RulebookFiles {
  return { ...readPolicyFolder(policies), ...changes };
}

/** The rulebook that ships, some of its files replaced. */
export function testRulebook(changes: RulebookFiles = {}, trustRoots: TrustRoots = noTrust): Rulebook {
  return loadRulebook(rulebookFiles(changes), trustRoots);
}
