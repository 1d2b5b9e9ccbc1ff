import { describe, expect, it } from '@jest/globals';
import { agent, person } from '../../../src/action/ids.js';
import type { AgentRow } from '../../../src/directory/directory.store.js';
import { agentStanding } from '../../../src/directory/standing.js';

const somebody = person('00000000-0000-4000-8000-00000000000a');
const row: AgentRow = {
  agent: agent('triage-agent'),
  role: 'triage',
  version: '1.0.0',
  model: 'model-1',
  clinician: somebody,
  owner: somebody,
  department: null,
  suspended: false,
  reviewOverdue: false,
  baaCurrent: true,
};

describe('an agent', () => {
  it.each<[standing: string, row: AgentRow | undefined]>([
    ['current', row],
    ['unknown', undefined],
    ['suspended', { ...row, suspended: true }],
    ['version_changed', { ...row, version: '1.0.1' }],
    ['review_overdue', { ...row, reviewOverdue: true }],
    ['baa_lapsed', { ...row, baaCurrent: false }],
  ])('is %s', (standing, found) => {
    expect(agentStanding(found, '1.0.0')).toBe(standing);
  });
});
