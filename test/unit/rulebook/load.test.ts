import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { readPolicyFolder } from '../../../src/rulebook/policy-folder.node.js';
describe('x', () => { it('loads', () => {
  const r = loadRulebook(readPolicyFolder(join(process.cwd(), 'policies')), {issuers: [], warrantIssuers: [], logs: [], rpIds: []});
  expect(r.digest).toMatch(/^[0-9a-f]{64}$/);
  console.log(r.tiers, r.roles);
});});
