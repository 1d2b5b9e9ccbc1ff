import { describe, expect, it } from '@jest/globals';
import { checkVoteProof, type VoteProofFacts } from '../../../src/identity/vote-proof.js';

const mfa = 'urn:countersign:acr:mfa';
const token: VoteProofFacts['token'] = {
  issuer: 'https://idp.example',
  subject: 'amara',
  nonce: 'hash',
  authTime: 1_772_000_100,
  acr: mfa,
  amr: [],
};
const facts: VoteProofFacts = {
  token,
  approver: { issuer: 'https://idp.example', subject: 'amara' },
  hash: 'hash',
  decidedAt: new Date(1_772_000_100_999),
  required: { method: 'idp', acr: [mfa], amr: ['mfa'] },
};
const tokenWith = (more: Partial<VoteProofFacts['token']>): Partial<VoteProofFacts> => ({
  token: { ...token, ...more },
});

describe('an ID token as the proof of a vote', () => {
  it.each<[what: string, more: Partial<VoteProofFacts>, code: string | undefined]>([
    ['for these very bytes, by a fresh and strong sign-in, is one', {}, undefined],
    ['for another decision is none', tokenWith({ nonce: 'other' }), 'vote.other_decision'],
    ['of somebody else is none', tokenWith({ subject: 'ben' }), 'vote.other_person'],
    ['of a namesake at another issuer is none', tokenWith({ issuer: 'https://other.example' }), 'vote.other_person'],
    ['is judged in whole seconds, as issuers count', tokenWith({ authTime: 1_772_000_100 }), undefined],
    [
      'from a sign-in a second before the challenge is none',
      tokenWith({ authTime: 1_772_000_099 }),
      'vote.old_sign_in',
    ],
    ['shows strength by its acr', tokenWith({ acr: mfa, amr: ['pwd'] }), undefined],
    ['or by its amr', tokenWith({ acr: undefined, amr: ['pwd', 'mfa'] }), undefined],
    ['but not by another acr', tokenWith({ acr: 'urn:countersign:acr:pwd' }), 'vote.weak_sign_in'],
    ['nor by part of a name', tokenWith({ acr: 'urn:countersign', amr: ['mf'] }), 'vote.weak_sign_in'],
    ['nor by silence', tokenWith({ acr: undefined }), 'vote.weak_sign_in'],
    [
      'needs every method that is asked for',
      { ...tokenWith({ acr: undefined, amr: ['hwk'] }), required: { method: 'idp', acr: [mfa], amr: ['hwk', 'user'] } },
      'vote.weak_sign_in',
    ],
    [
      'never meets an empty list',
      { ...tokenWith({ acr: undefined }), required: { method: 'idp', acr: [], amr: [] } },
      'vote.weak_sign_in',
    ],
    ['is none where the tier wants a passkey', { required: { method: 'passkey', fresh: false } }, 'vote.weak_proof'],
  ])('%s', (_what, more, code) => {
    expect(checkVoteProof({ ...facts, ...more })).toBe(code);
  });
});
