import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../../src/pages/approval.js';
import { completeVote, signaturesFor, type Entered } from '../../../src/pages/complete-vote.js';

const approval: Approval = {
  id: 'a'.repeat(26),
  type: 'record.delete',
  tier: 'T3',
  agent: 'triage-agent',
  purpose: 'TREAT',
  needs: 'privacy_officer and senior_clinician',
  deadline: null,
  revision: 1,
  kind: 'prepared',
  roles: ['privacy_officer'],
  shown: {},
  principalName: 'Dr Chen Wei',
  rulebook: '',
  requestCommitment: '',
  displayCommitment: '',
  salt: '',
  meanings: [
    { meaning: 'approve.access', verdict: 'approve', text: 'Yes.' },
    { meaning: 'deny.access', verdict: 'deny', text: 'No.' },
  ],
  proof: { method: 'passkey', fresh: true, vouched: true },
  credentials: ['key'],
  rpId: 'localhost',
  confirmation: 'Condition/7',
};
const yes: Entered = {
  meaning: 'approve.access',
  reason: '',
  confirmation: 'Condition/7',
  roles: ['privacy_officer'],
  signature: 'both',
};

describe('a vote that is entered', () => {
  it('is whole with all that is asked for', () => {
    expect(completeVote(approval, yes)).toMatchObject({
      status: 'complete',
      cast: {
        chosen: { verdict: 'approve', meaning: 'approve.access', reason: undefined, roles: ['privacy_officer'] },
        confirmation: 'Condition/7',
        signature: 'both',
      },
    });
  });

  it('takes a no with its reason, and no confirmation', () => {
    const no = { ...yes, meaning: 'deny.access', reason: ' Not needed. ', confirmation: 'typed for nothing' };
    expect(completeVote(approval, no)).toMatchObject({
      status: 'complete',
      cast: { chosen: { verdict: 'deny', reason: 'Not needed.' }, confirmation: undefined },
    });
  });

  it.each<[entry: string, more: Partial<Entered>]>([
    ['meaning', { meaning: undefined }],
    ['meaning', { meaning: 'approve.responsible' }],
    ['reason', { meaning: 'deny.access', reason: ' \n' }],
    ['confirmation', { confirmation: '' }],
    ['confirmation', { confirmation: 'condition/7' }],
    ['roles', { roles: [] }],
    ['signature', { signature: undefined }],
    ['signature', { signature: 'sign_in' }],
  ])('lacks its %s: %p', (entry, more) => {
    expect(completeVote(approval, { ...yes, ...more })).toEqual({ status: 'missing', entry });
  });
});

describe('the signatures that would do', () => {
  it.each<[method: 'idp' | 'passkey', fresh: boolean, credentials: string[], signatures: string[]]>([
    ['idp', false, [], ['sign_in']],
    ['idp', false, ['key'], ['passkey', 'sign_in']],
    ['passkey', false, ['key'], ['passkey']],
    ['passkey', true, ['key'], ['both']],
    ['passkey', false, [], []],
    ['passkey', true, [], []],
  ])('%s, fresh %p, passkeys %p: %p', (method, fresh, credentials, signatures) => {
    expect(signaturesFor({ ...approval, proof: { method, fresh, vouched: false }, credentials })).toEqual(signatures);
  });
});
