import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { canonicalBytes } from '../../../src/action/canonical.js';
import { action, challenge, digest, person, role, tenant } from '../../../src/action/ids.js';
import { decisionHash, type Decision } from '../../../src/approval/decision.js';
import { approvalOf, type Approval } from '../../../src/pages/approval.js';
import { ballotDiffers, isTextShown, type Ballot, type Chosen } from '../../../src/pages/ballot-check.js';

const shown = { title: 'Read medications', input: { dose: 0.1, patient: 'Patient/1' }, reason: null };
const salt = Buffer.alloc(32, 7);
const displayCommitment = digest(createHmac('sha256', salt).update(canonicalBytes(shown)).digest('hex'));

const told = {
  id: 'a'.repeat(26),
  type: 'medications.read',
  tier: 'T1',
  agent: 'triage-agent',
  purpose: 'TREAT',
  needs: { status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] },
  deadline: null,
  revision: 1,
  may: { roles: ['clinical_staff', 'pharmacist'], verdicts: ['approve', 'deny'] },
  shown,
  principalName: 'Dr Chen Wei',
  rulebook: '1'.repeat(64),
  requestCommitment: '2'.repeat(64),
  displayCommitment,
  salt: salt.toString('base64'),
  kind: 'asked',
  proof: { method: 'idp', fresh: false, vouched: false },
  credentials: [],
  rpId: 'localhost',
  confirmation: null,
  meanings: [{ meaning: 'approve.access', verdict: 'approve', text: 'I approve this access.' }],
};
const approval: Approval = approvalOf(told);
const chosen: Chosen = {
  verdict: 'approve',
  meaning: 'approve.access',
  reason: undefined,
  roles: ['clinical_staff', 'pharmacist'],
};
const decision: Decision = {
  v: 1,
  tenant: tenant('clinic'),
  action: action(told.id),
  revision: 1,
  requestCommitment: digest(told.requestCommitment),
  displayCommitment,
  rulebook: digest(told.rulebook),
  tier: 'T1',
  verdict: 'approve',
  meaning: 'approve.access',
  reasonCommitment: null,
  approver: person('7c9e6679-7425-40de-944b-e07fc1f90ae7'),
  actingRoles: [role('pharmacist'), role('clinical_staff')],
  challenge: challenge('16fd2706-8baf-433b-82eb-8c7fada847da'),
  decidedAt: '2026-11-25T10:00:00.000Z',
};

/** As an API opens it that hashes whatever it decides on. */
function ballot(more: Partial<Record<keyof Decision, unknown>> = {}): Ballot {
  const decided = { ...decision, ...more };
  const hash = decisionHash(decided as Decision, (bytes) => createHash('sha256').update(bytes).digest());
  return { challenge: decision.challenge, decision: decided, hash, expiresAt: '2026-11-25T10:05:00.000Z' };
}

describe('what the page checks before anybody signs', () => {
  it('finds no difference where the decision is the one that was shown and chosen', async () => {
    expect(await isTextShown(approval)).toBe(true);
    expect(await ballotDiffers(approval, chosen, ballot())).toBeUndefined();
  });

  it.each<[what: string, more: Partial<Record<keyof Decision, unknown>>]>([
    ['version', { v: 2 }],
    ['challenge', { challenge: '16fd2706-8baf-433b-82eb-8c7fada847db' }],
    ['action', { action: 'b'.repeat(26) }],
    ['revision', { revision: 2 }],
    ['request', { requestCommitment: '3'.repeat(64) }],
    ['text shown', { displayCommitment: '3'.repeat(64) }],
    ['rulebook', { rulebook: '3'.repeat(64) }],
    ['tier', { tier: 'T3' }],
    ['verdict', { verdict: 'deny' }],
    ['meaning', { meaning: 'approve.responsible' }],
    ['reason', { reasonCommitment: '3'.repeat(64) }],
    ['roles', { actingRoles: ['clinical_staff'] }],
    ['roles', { actingRoles: ['clinical_staff', 'privacy_officer'] }],
    ['roles', { actingRoles: ['clinical_staff', 'pharmacist', 'privacy_officer'] }],
  ])('finds another %s, though its hash is right', async (what, more) => {
    expect(await ballotDiffers(approval, chosen, ballot(more))).toBe(what);
  });

  it('finds a hash of other bytes', async () => {
    expect(await ballotDiffers(approval, chosen, { ...ballot(), hash: ballot({ verdict: 'deny' }).hash })).toBe('hash');
  });

  it('finds a reason that the decision does not bind', async () => {
    expect(await ballotDiffers(approval, { ...chosen, reason: 'Because' }, ballot())).toBe('reason');
  });

  it.each([
    ['another text', { shown: { ...shown, title: 'Read allergies' } }],
    ['one more member', { shown: { ...shown, also: 1 } }],
    ['another salt', { salt: Buffer.alloc(32, 8).toString('base64') }],
    ['a short salt', { salt: Buffer.alloc(16, 7).toString('base64') }],
    ['another commitment', { displayCommitment: '4'.repeat(64) }],
  ])('does not take %s for the text that is bound', async (_what, more) => {
    expect(await isTextShown(approvalOf({ ...told, ...more }))).toBe(false);
  });
});
