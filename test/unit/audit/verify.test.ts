import { describe, expect, it } from '@jest/globals';
import { challenge, person, role, warrant } from '../../../src/action/ids.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import type { Problem } from '../../../src/audit/problem.js';
import { verifyBundle } from '../../../src/audit/verify.js';
import {
  amongOthers,
  anyDigest,
  bundleOf,
  countedOf,
  decision,
  draft,
  envelopeOf,
  goodBundle,
  logs,
  outcomeOf,
  read,
  readWarrant,
  relationWarrant,
  steps,
  votes,
  wholeRead,
  write,
  type Step,
} from './sample-log.js';

const codesOf = (own: readonly Step[], with_: readonly DecisionEnvelope[] = votes): Problem['code'][] => {
  const found = verifyBundle(bundleOf(write(amongOthers(own)), { votes: with_ }), logs);
  return found.status === 'invalid' ? found.problems.map(({ code }) => code) : [];
};
const without = (...left: Step[]): Step[] => wholeRead.filter((step) => !left.includes(step));
const instead = (old: Step, ...now: Step[]): Step[] => wholeRead.flatMap((step) => (step === old ? now : [step]));

describe('the evidence of an approved read', () => {
  it('is valid under the key of the log, and tells who asked, who approved and what came of it', () => {
    const verified = verifyBundle(goodBundle(), logs);
    expect(verified).toMatchObject({
      status: 'valid',
      account: {
        action: read,
        requested: { type: 'medications.read', tier: 'T1', agent: { id: 'triage-agent' } },
        votes: [{ approver: decision.approver, verdict: 'approve', method: 'idp' }],
        warrant: { warrant: readWarrant },
        attempts: [{ warrant: relationWarrant }, { warrant: readWarrant, attempt: 1 }],
        outcome: { status: 'completed', records: 3 },
        released: [{ agent: 'triage-agent' }],
        leaves: { count: wholeRead.length },
      },
    });
  });

  it('is self-consistent and no more where no key is given', () => {
    expect(verifyBundle(goodBundle(), []).status).toBe('self_consistent');
  });

  it('goes through JSON unchanged', () => {
    expect(verifyBundle(JSON.parse(JSON.stringify(goodBundle())), logs).status).toBe('valid');
  });
});

const denial = envelopeOf({ ...decision, verdict: 'deny', meaning: 'deny.access', reasonCommitment: anyDigest('why') });
const second = envelopeOf({
  ...decision,
  challenge: challenge('00000000-0000-4000-8000-000000000009'),
  approver: person('00000000-0000-4000-8000-000000000008'),
});
const secondNo = envelopeOf({ ...second.decision, verdict: 'deny', meaning: 'deny.access' });
const nobodyAsked = draft({
  ...steps.requested,
  data: { ...steps.requested.data, needs: { status: 'nobody' } },
});
const twoAsked = draft({
  ...steps.requested,
  data: {
    ...steps.requested.data,
    needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 2 }] },
  },
});
const strangerWarrant = warrant('00000000-0000-4000-8000-0000000000ff');
const lateRefusal = draft({
  kind: 'vote.refused',
  action: read,
  key: 'late',
  data: { challenge: null, approver: decision.approver, code: 'vote.late' },
});
const disposal = draft({
  kind: 'retention.disposed',
  action: read,
  key: 'disposal',
  data: {
    class: 'action',
    date: '2032-11-24',
    asOf: '2032-11-24',
    method: 'cryptographic_erase',
    erasure: 'logical',
    keys: 2,
    outOfReach: ['agent', 'ehr'],
  },
});
const refusal = draft({
  kind: 'action.refused',
  action: read,
  key: 'classify',
  data: { agent: steps.requested.data.agent.id, rules: ['relation.unknown'], rulebook: decision.rulebook },
});

describe('a true story', () => {
  it.each<[string, Step[], readonly DecisionEnvelope[]]>([
    ['asks nobody', without(steps.challenged, steps.counted).map((s) => (s === steps.requested ? nobodyAsked : s)), []],
    ['goes on after its end', [...wholeRead, lateRefusal, disposal], votes],
    [
      'ends before anything was done',
      [steps.requested, outcomeOf({ status: 'expired', warrant: null, records: 0 })],
      [],
    ],
    [
      'is refused at once',
      [steps.relationAttempt, refusal, outcomeOf({ status: 'refused', warrant: null, records: 0 })],
      [],
    ],
    [
      'is denied',
      [steps.requested, countedOf(denial), outcomeOf({ status: 'denied', warrant: null, records: 0 })],
      [denial],
    ],
    [
      'is cancelled with a warrant that was never used',
      [...without(steps.attempt, steps.outcome, steps.released), outcomeOf({ status: 'cancelled', records: 0 })],
      votes,
    ],
    [
      'has two approvers where two are asked',
      instead(steps.counted, steps.counted, countedOf(second)).map((s) => (s === steps.requested ? twoAsked : s)),
      [...votes, second],
    ],
  ])('that %s is valid', (_what, own, envelopes) => {
    expect(codesOf(own, envelopes)).toEqual([]);
  });
});

describe('a log that its own writers made untrue', () => {
  it.each<[string, Step[], readonly DecisionEnvelope[], string]>([
    ['has no outcome', without(steps.outcome, steps.released), votes, 'chain.no_outcome'],
    ['works on after the outcome', [...wholeRead, { ...steps.attempt, key: 'perform/2' }], votes, 'outcome.not_last'],
    ['ends twice', [...wholeRead, { ...outcomeOf({}), key: 'again' }], votes, 'outcome.not_last'],
    ['has no warrant', without(steps.authorised), votes, 'outcome.unauthorised'],
    ['has no request', without(steps.requested), votes, 'outcome.unauthorised'],
    ['completed under no warrant', instead(steps.outcome, outcomeOf({ warrant: null })), votes, 'outcome.unauthorised'],
    [
      'completed under a warrant that was never authorised',
      instead(steps.outcome, outcomeOf({ warrant: strangerWarrant })),
      votes,
      'outcome.unauthorised',
    ],
    [
      'attempts under a warrant from nowhere',
      instead(steps.attempt, { ...steps.attempt, data: { warrant: strangerWarrant, attempt: 1 } }, steps.attempt),
      votes,
      'outcome.unauthorised',
    ],
    [
      'lowered the tier',
      instead(steps.requested, { ...steps.requested, data: { ...steps.requested.data, tier: 'T2' } }),
      votes,
      'outcome.unauthorised',
    ],
    ['has no attempt', without(steps.attempt), votes, 'outcome.no_attempt'],
    [
      'attempts before the warrant',
      [...wholeRead.slice(0, 5), steps.attempt, ...wholeRead.slice(5).filter((s) => s !== steps.attempt)],
      votes,
      'outcome.unauthorised',
    ],
    [
      'releases what was withheld',
      instead(steps.outcome, outcomeOf({ status: 'withheld' })),
      votes,
      'release.no_outcome',
    ],
    ['releases before the end', [...wholeRead.slice(0, 7), steps.released, steps.outcome], votes, 'release.no_outcome'],
    ['counts nobody', without(steps.counted), [], 'approval.missing'],
    ['counts too few', wholeRead.map((s) => (s === steps.requested ? twoAsked : s)), votes, 'approval.missing'],
    [
      'passes over a no beside the yes',
      instead(steps.counted, steps.counted, countedOf(secondNo)),
      [...votes, secondNo],
      'approval.missing',
    ],
    ['takes a no for a yes', instead(steps.counted, countedOf(denial)), [denial], 'approval.missing'],
    [
      'lets one human count twice',
      instead(
        steps.counted,
        steps.counted,
        countedOf(envelopeOf({ ...second.decision, approver: decision.approver })),
      ).map((s) => (s === steps.requested ? twoAsked : s)),
      [...votes, envelopeOf({ ...second.decision, approver: decision.approver })],
      'approval.missing',
    ],
    [
      'counts a vote in another role',
      instead(steps.counted, { ...steps.counted, data: { ...steps.counted.data, roles: [role('senior_clinician')] } }),
      votes,
      'vote.other',
    ],
  ])('that %s is not valid', (_what, own, envelopes, code) => {
    expect(codesOf(own, envelopes)).toContain(code);
  });
});

describe('votes', () => {
  const other = envelopeOf({ ...decision, decidedAt: '2026-11-24T09:00:01.000Z' });
  const stale = envelopeOf({ ...decision, requestCommitment: anyDigest('other request') });
  const counts = (envelope: DecisionEnvelope): Step[] => instead(steps.counted, countedOf(envelope));
  it.each<[string, Step[], readonly DecisionEnvelope[], Problem['code']]>([
    ['that a leaf speaks of must be there', [...wholeRead], [], 'vote.missing'],
    ['that no leaf speaks of may not', [...wholeRead], [...votes, second], 'vote.unknown'],
    ['may not be there twice', [...wholeRead], [...votes, ...votes], 'vote.unknown'],
    ['must be the decision that was counted', [...wholeRead], [other], 'vote.other'],
    ['must be with the proof that was counted', [...wholeRead], [envelopeOf(decision, 'another')], 'vote.other'],
    ['must be for what was requested', counts(stale), [stale], 'vote.other'],
    [
      'must carry a token made for their decision',
      counts(envelopeOf(decision, 'another')),
      [envelopeOf(decision, 'another')],
      'vote.other',
    ],
  ])('%s', (_what, own, envelopes, code) => {
    expect(codesOf(own, envelopes)).toContain(code);
  });

  it('stand in the order of their leaves', () => {
    const two = instead(steps.counted, steps.counted, countedOf(second));
    expect(codesOf(two, [...votes, second])).toEqual([]);
    expect(codesOf(two, [second, ...votes])).toEqual(['vote.other', 'vote.other']);
  });
});
