import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { action, challenge, role } from '../../../src/action/ids.js';
import { addVote, checkVote, openBallot, tally, type CastVote } from '../../../src/approval/ballot.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import type { Needs } from '../../../src/approval/quorum.js';
import { envelopeOf } from './envelope-of.js';
import { personOf, type Name } from './people.js';

const id = action('a'.repeat(26));
const needs: Needs = { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 2 }] };
const ballot = openBallot({ revision: 1, needs });
const cast = (approver: Name, verdict: CastVote['verdict'] = 'approve', at = 1): CastVote => ({
  challenge: challenge(`00000000-0000-4000-8000-${String(at).padStart(12, '0')}`),
  approver: personOf(approver),
  roles: [role('clinical_staff')],
  verdict,
  meaning: 'approve.access',
});
const changed = (more: Partial<DecisionEnvelope['decision']>): DecisionEnvelope => {
  const envelope = envelopeOf({ action: id, approver: 'ada' });
  return { ...envelope, decision: { ...envelope.decision, ...more } };
};

describe('an envelope before its proof is verified', () => {
  it.each<[what: string, envelope: unknown, code: string | undefined]>([
    ['of this action and revision is worth verifying', changed({}), undefined],
    ['of another action is refused', changed({ action: action('b'.repeat(26)) }), 'vote.other_action'],
    ['of an earlier revision is refused', changed({ revision: 2 }), 'vote.stale'],
    ['that could not be decrypted is refused', { $unreadable: 'erased' }, 'vote.malformed'],
    ['that is nothing is refused', undefined, 'vote.malformed'],
    ['with a field too many is refused', { ...changed({}), note: 'x' }, 'vote.malformed'],
    ['without a proof is refused', { decision: changed({}).decision }, 'vote.malformed'],
    [
      'whose proof is no compact JWS is refused',
      { ...changed({}), proof: { kind: 'idp', idToken: 'yes' } },
      'vote.malformed',
    ],
    [
      'with a kind of proof that we do not know is refused',
      { ...changed({}), proof: { kind: 'word_of_honour' } },
      'vote.malformed',
    ],
  ])('%s', (_what, envelope, code) => {
    expect(checkVote(ballot, envelope, id)).toBe(code);
  });

  it('of somebody who voted already is a duplicate, whatever the verdict', () => {
    const after = addVote(ballot, cast('ada', 'request_changes'));
    expect(checkVote(after, changed({ verdict: 'deny', meaning: 'deny.access' }), id)).toBe('vote.duplicate');
    expect(checkVote(after, changed({ approver: personOf('bo') }), id)).toBeUndefined();
  });
});

describe('a ballot', () => {
  it('is open until the quorum is met', () => {
    const one = addVote(ballot, cast('ada', 'approve', 1));
    expect(tally(one)).toEqual({ status: 'open', seatsLeft: 1 });
    expect(tally(addVote(one, cast('bo', 'approve', 2))).status).toBe('met');
  });

  it('takes a person and a challenge once, in whatever order and however often votes come', () => {
    const anyVote = fc.record({
      approver: fc.constantFrom<Name[]>('ada', 'bo', 'cy'),
      verdict: fc.constantFrom<CastVote['verdict'][]>('approve', 'deny', 'request_changes'),
      at: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(anyVote), (votes) => {
        const { votes: kept } = votes.reduce(
          (into, { approver, verdict, at }) => addVote(into, cast(approver, verdict, at)),
          ballot,
        );
        expect(new Set(kept.map(({ approver }) => approver)).size).toBe(kept.length);
        expect(new Set(kept.map(({ challenge: of }) => of)).size).toBe(kept.length);
      }),
    );
  });

  it('is not changed by adding to it', () => {
    addVote(ballot, cast('ada'));
    expect(ballot.votes).toEqual([]);
  });
});
