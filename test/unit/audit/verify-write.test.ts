import { describe, expect, it } from '@jest/globals';
import { role, warrant } from '../../../src/action/ids.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import type { Problem } from '../../../src/audit/problem.js';
import { accountRows } from '../../../src/audit/report.js';
import { verifyBundle, type Verification } from '../../../src/audit/verify.js';
import {
  amongOthers,
  anyDigest,
  bundleOf,
  countedOf,
  decision,
  logs,
  readWarrant,
  steps,
  votes as readVotes,
  write,
  type Step,
} from './sample-log.js';
import {
  attemptOf,
  authorisedBy,
  chen,
  countersign,
  countersignAgain,
  elif,
  farid,
  gus,
  noEffect,
  order,
  orderAgain,
  prepareWarrant,
  preparedOf,
  readBackWarrant,
  reopenedVotes,
  reopenedWrite,
  reopening,
  secondWarrant,
  settledOutcome,
  shownBack,
  signed,
  tookEffect,
  unknownWrite,
  wholeWrite,
  writeVotes,
  writeWarrant,
  writing,
  writtenOutcome,
} from './sample-write.js';
import { byPasskey } from './sample-keys.js';

type Votes = readonly DecisionEnvelope[];
const verified = (own: readonly Step[], votes: Votes): Verification =>
  verifyBundle(bundleOf(write(amongOthers(own)), { votes }), logs);
const codesOf = (own: readonly Step[], votes: Votes): Problem['code'][] => {
  const found = verified(own, votes);
  return found.status === 'invalid' ? found.problems.map(({ code }) => code) : [];
};
const told = (own: readonly Step[], votes: Votes): readonly (readonly [string, string])[] => {
  const found = verified(own, votes);
  return found.status === 'invalid' ? [] : accountRows(found.account);
};

/** The whole write, with some of its steps replaced or left out. */
const instead = (old: Step, ...now: Step[]): Step[] => wholeWrite.flatMap((step) => (step === old ? now : [step]));
const without = (...left: Step[]): Step[] => wholeWrite.filter((step) => !left.includes(step));
/** The same step, put before another one. */
const moved = (step: Step, before: Step): Step[] =>
  without(step).flatMap((each) => (each === before ? [step, each] : [each]));
/** What follows after nobody knew the outcome. */
const settled = (...steps: Step[]): Step[] => [...unknownWrite, ...steps];

const stranger = warrant('00000000-0000-4000-8000-0000000000ff');
const notWritten = { status: 'failed', code: 'write.conflict', records: 0, modified: false } as const;
const noEffectSaid = { ...notWritten, code: 'write.no_effect' } as const;

describe('the evidence of a write', () => {
  it('is valid, and tells what was prepared, who ordered it, who countersigned, and that the record was changed', () => {
    expect(verified(wholeWrite, writeVotes)).toMatchObject({
      status: 'valid',
      account: {
        prepared: [{ revision: 2, base: '1', changes: 2 }],
        votes: [
          { approver: chen, meaning: 'approve.order', method: 'passkey' },
          { approver: gus, meaning: 'approve.access', method: 'passkey' },
        ],
        outcome: { status: 'completed', modified: true },
      },
    });
    const rows = new Map(told(wholeWrite, writeVotes));
    expect(rows.get('approvals')).toBe('1 clinician who orders it and 1 senior_clinician or pharmacist');
    expect(rows.get('prepared')).toMatch(/revision 2: 2 changes on version 1$/);
    expect(rows.get('outcome')).toMatch(/completed: 1 records, 0 findings, the record was changed$/);
  });

  it('is valid with a pharmacist in the seat', () => {
    const own = instead(writing.countersigned, countedOf(byFarid)).map((step) =>
      step === writing.authorised ? authorisedBy(writeWarrant, 2, [order, byFarid]) : step,
    );
    expect(codesOf(own, [order, byFarid])).toEqual([]);
  });

  it('is valid where the record moved on, people were asked again and signed again', () => {
    expect(codesOf(reopenedWrite, reopenedVotes)).toEqual([]);
    expect(told(reopenedWrite, reopenedVotes).filter(([label]) => label === 'prepared')).toHaveLength(2);
  });

  it('is valid where the action was cancelled while it was being prepared again', () => {
    const cancelled = writtenOutcome({ status: 'cancelled', records: 0, modified: false });
    expect(codesOf([...wholeWrite.slice(0, -1), reopening.reopened, cancelled], writeVotes)).toEqual([]);
  });

  it.each<[string, Step[], Votes, string]>([
    [
      'the EHR showed it later',
      settled(shownBack('unsettled'), shownBack('written', 2), settledOutcome('read_back', [])),
      [],
      'settled by the EHR',
    ],
    [
      'the EHR showed that it can never apply',
      settled(shownBack('superseded'), settledOutcome('read_back', [], notWritten)),
      [],
      'failed (write.conflict), settled by the EHR',
    ],
    [
      'a human found it in the record',
      settled(shownBack('unsettled'), countedOf(tookEffect), settledOutcome('decision', [tookEffect])),
      [tookEffect],
      'completed, settled by a human',
    ],
    [
      'a human found that it was not made',
      settled(countedOf(noEffect), settledOutcome('decision', [noEffect], noEffectSaid)),
      [noEffect],
      'failed (write.no_effect), settled by a human',
    ],
    [
      'the EHR answered once more after a human had settled it',
      settled(countedOf(noEffect), settledOutcome('decision', [noEffect], noEffectSaid), shownBack('unsettled')),
      [noEffect],
      'settled by a human',
    ],
  ])('of an unknown outcome is valid where %s', (_what, own, votes, outcome) => {
    expect(codesOf(own, [...writeVotes, ...votes])).toEqual([]);
    expect(new Map(told(own, [...writeVotes, ...votes])).get('outcome')).toContain(outcome);
  });

  it('is valid while nobody knows yet', () => {
    expect(codesOf(unknownWrite, writeVotes)).toEqual([]);
  });
});

const principalSits = signed({ by: chen, as: 'senior_clinician', meaning: 'approve.access' });
const orderByGus = signed({ by: gus, as: 'clinician', meaning: 'approve.order' });
const firstRevision = (envelope: DecisionEnvelope) =>
  byPasskey({ ...envelope.decision, revision: 1, displayCommitment: decision.displayCommitment });
const objection = signed({ by: elif, as: 'privacy_officer', meaning: 'deny.access' });
const byFarid = signed({ by: farid, as: 'pharmacist', meaning: 'approve.access' });
/** The whole write under these two votes instead of its own. */
const under = (one: DecisionEnvelope, other: DecisionEnvelope): [Step[], Votes] => [
  wholeWrite.map((step) => {
    if (step === writing.ordered) return countedOf(one);
    if (step === writing.countersigned) return countedOf(other);
    return step === writing.authorised ? authorisedBy(writeWarrant, 2, [one, other]) : step;
  }),
  [one, other],
];
/** One person's second vote under a challenge of its own. */
const otherChallenge = (envelope: DecisionEnvelope) =>
  byPasskey({ ...envelope.decision, challenge: tookEffect.decision.challenge });

describe('a write whose log was made untrue', () => {
  it.each<[string, [Step[], Votes], Problem['code']]>([
    [
      'counts votes for the request as it was asked',
      under(firstRevision(order), firstRevision(countersign)),
      'vote.other',
    ],
    ['shows other bytes than were prepared', [instead(writing.prepared, shownOtherwise()), writeVotes], 'vote.other'],
    ['leaves the preparation out', [without(writing.prepared), writeVotes], 'vote.other'],
    [
      'puts the preparation in after the votes',
      [moved(writing.prepared, writing.authorised), writeVotes],
      'approval.missing',
    ],
    [
      'puts another preparation in between votes and warrant',
      [instead(writing.authorised, preparedOf(3), writing.authorised), writeVotes],
      'approval.missing',
    ],
    [
      'puts another preparation in between warrant and attempt',
      [instead(writing.attempt, preparedOf(3), writing.attempt), writeVotes],
      'outcome.unauthorised',
    ],
    [
      'puts another preparation in between attempt and outcome',
      [instead(writing.outcome, preparedOf(3), writing.outcome), writeVotes],
      'outcome.unauthorised',
    ],
    [
      'leaves a no out of its warrant',
      [instead(writing.authorised, countedOf(objection), writing.authorised), [...writeVotes, objection]],
      'approval.missing',
    ],
    ['has a seat where the order should be', under(countersign, byFarid), 'approval.missing'],
    ['has an order where the seat should be', under(order, orderByGus), 'approval.missing'],
    ['has the order and no seat', [without(writing.countersigned), [order]], 'approval.missing'],
    ['has the seat and no order', [without(writing.ordered), [countersign]], 'approval.missing'],
    ['lets one person order and countersign', under(otherChallenge(orderByGus), countersign), 'approval.missing'],
    ['lets the principal take the seat', under(otherChallenge(orderByGus), principalSits), 'approval.missing'],
    [
      'takes for a yes what was signed about another question',
      under(order, signed({ by: gus, as: 'senior_clinician', meaning: 'approve.took_effect' })),
      'approval.missing',
    ],
    [
      'counts an order in another role',
      [
        instead(writing.ordered, {
          ...writing.ordered,
          data: { ...writing.ordered.data, roles: [role('pharmacist')] },
        }),
        writeVotes,
      ],
      'vote.other',
    ],
    [
      'says of an order that it was a seat’s',
      [
        instead(writing.ordered, { ...writing.ordered, data: { ...writing.ordered.data, meaning: 'approve.access' } }),
        writeVotes,
      ],
      'vote.other',
    ],
    [
      'attempts under a warrant that nobody authorised',
      [instead(writing.attempt, attemptOf(stranger, 'perform.2/1'), writing.attempt), writeVotes],
      'outcome.unauthorised',
    ],
    [
      'performs under the warrant that only prepares',
      [instead(writing.outcome, writtenOutcome({ warrant: prepareWarrant })), writeVotes],
      'outcome.unauthorised',
    ],
    [
      'writes with the attempt called a preparation',
      [instead(writing.attempt, attemptOf(stranger, 'prepare.2/1')), writeVotes],
      'outcome.no_attempt',
    ],
    [
      'changed the record by a read that nothing was prepared for',
      [
        [steps.requested, steps.counted, steps.authorised, steps.attempt, writtenOutcome({ warrant: readWarrant })],
        readVotes,
      ],
      'outcome.unauthorised',
    ],
    [
      'settles what was never unknown',
      [instead(writing.outcome, settledOutcome('read_back', [])), writeVotes],
      'outcome.unresolved',
    ],
  ])('that %s is not valid', (_what, [own, votes], code) => {
    expect(codesOf(own, votes)).toContain(code);
  });
});

describe('a reopened write whose log was made untrue', () => {
  const asked = (old: Step, ...now: Step[]): Step[] => reopenedWrite.flatMap((step) => (step === old ? now : [step]));
  const left = (...steps: Step[]): Step[] => reopenedWrite.filter((step) => !steps.includes(step));
  it.each<[string, Step[], Votes, Problem['code']]>([
    [
      'takes the first votes for the second round',
      asked(reopening.authorised, authorisedBy(secondWarrant, 3, [order, countersign])).filter(
        (step) => step !== reopening.ordered && step !== reopening.countersigned,
      ),
      writeVotes,
      'approval.missing',
    ],
    [
      'takes one vote over',
      asked(reopening.authorised, authorisedBy(secondWarrant, 3, [orderAgain, countersign])),
      reopenedVotes,
      'approval.missing',
    ],
    [
      'counts the first votes once more',
      asked(reopening.ordered, countedOf(otherChallenge(order))),
      [...writeVotes, otherChallenge(order), countersignAgain],
      'vote.other',
    ],
    ['is not prepared again', left(reopening.prepared), reopenedVotes, 'vote.other'],
    [
      'is authorised again without being prepared again',
      left(reopening.prepared, reopening.ordered, reopening.countersigned).map((step) =>
        step === reopening.authorised ? authorisedBy(secondWarrant, 3, [order, countersign]) : step,
      ),
      writeVotes,
      'approval.missing',
    ],
    [
      'writes under the first warrant after all',
      asked(reopening.outcome, writtenOutcome({ warrant: writeWarrant })),
      reopenedVotes,
      'outcome.unauthorised',
    ],
    [
      'attempts under the first warrant again',
      asked(reopening.attempt, attemptOf(writeWarrant, 'perform.2/2'), reopening.attempt),
      reopenedVotes,
      'outcome.unauthorised',
    ],
  ])('that %s is not valid', (_what, own, votes, code) => {
    expect(codesOf(own, votes)).toContain(code);
  });
});

describe('an unknown outcome whose log was made untrue', () => {
  const byPrincipal = signed({
    by: chen,
    as: 'senior_clinician',
    meaning: 'approve.took_effect',
    revision: 3,
    shows: 2,
  });
  const byClinician = signed({ by: elif, as: 'clinician', meaning: 'approve.took_effect', revision: 3, shows: 2 });
  const otherMeaning = signed({ by: elif, as: 'privacy_officer', meaning: 'approve.access', revision: 3, shows: 2 });
  const stale = byPasskey({ ...tookEffect.decision, revision: 2 });
  const early = [...wholeWrite.slice(0, -1), countedOf(tookEffect), ...unknownWrite.slice(wholeWrite.length - 1)];
  it.each<[string, Step[], Votes, Problem['code']]>([
    ['has another end without a word why', settled({ ...writtenOutcome(), key: 'settle' }), [], 'outcome.unresolved'],
    [
      'says that the EHR showed it, which was never asked',
      settled(settledOutcome('read_back', [])),
      [],
      'outcome.unresolved',
    ],
    [
      'says so of an EHR that did not',
      settled(shownBack('unsettled'), settledOutcome('read_back', [])),
      [],
      'outcome.unresolved',
    ],
    [
      'says so of an EHR that showed the contrary',
      settled(shownBack('superseded'), settledOutcome('read_back', [])),
      [],
      'outcome.unresolved',
    ],
    [
      'says that nothing was written of an EHR that showed it',
      settled(shownBack('written'), settledOutcome('read_back', [], notWritten)),
      [],
      'outcome.unresolved',
    ],
    [
      'believes the second word of the EHR',
      settled(shownBack('superseded'), shownBack('written', 2), settledOutcome('read_back', [])),
      [],
      'outcome.unresolved',
    ],
    [
      'was asked before nobody knew',
      [
        ...wholeWrite.slice(0, -1),
        shownBack('written'),
        ...unknownWrite.slice(wholeWrite.length - 1),
        settledOutcome('read_back', []),
      ],
      [],
      'outcome.unresolved',
    ],
    [
      'ends cancelled',
      settled(shownBack('unsettled'), settledOutcome('read_back', [], { ...notWritten, status: 'cancelled' })),
      [],
      'outcome.unresolved',
    ],
    ['says that people said so, and nobody did', settled(settledOutcome('decision', [])), [], 'outcome.unresolved'],
    ['rests on a vote that is on no leaf', settled(settledOutcome('decision', [tookEffect])), [], 'outcome.unresolved'],
    ['rests on the votes for the write', settled(settledOutcome('decision', [countersign])), [], 'outcome.unresolved'],
    [
      'rests on a vote that came before',
      [...early, settledOutcome('decision', [tookEffect])],
      [tookEffect],
      'outcome.unresolved',
    ],
    [
      'says the contrary of what people said',
      settled(countedOf(noEffect), settledOutcome('decision', [noEffect])),
      [noEffect],
      'outcome.unresolved',
    ],
    [
      'says it the other way round too',
      settled(countedOf(tookEffect), settledOutcome('decision', [tookEffect], noEffectSaid)),
      [tookEffect],
      'outcome.unresolved',
    ],
    [
      'passes over a no beside the yes',
      settled(countedOf(tookEffect), countedOf(noEffect), settledOutcome('decision', [tookEffect])),
      [tookEffect, noEffect],
      'outcome.unresolved',
    ],
    [
      'rests on the principal’s word',
      settled(countedOf(byPrincipal), settledOutcome('decision', [byPrincipal])),
      [byPrincipal],
      'outcome.unresolved',
    ],
    [
      'rests on the word of somebody in another role',
      settled(countedOf(byClinician), settledOutcome('decision', [byClinician])),
      [byClinician],
      'outcome.unresolved',
    ],
    [
      'rests on a yes to something else',
      settled(countedOf(otherMeaning), settledOutcome('decision', [otherMeaning])),
      [otherMeaning],
      'outcome.unresolved',
    ],
    [
      'counts a vote for the revision before',
      settled(countedOf(stale), settledOutcome('decision', [stale])),
      [stale],
      'vote.other',
    ],
    [
      'is written after it was settled',
      settled(
        shownBack('superseded'),
        settledOutcome('read_back', [], notWritten),
        attemptOf(writeWarrant, 'perform.2/2'),
      ),
      [],
      'outcome.not_last',
    ],
    [
      'is settled twice',
      settled(shownBack('superseded'), settledOutcome('read_back', [], notWritten), settledOutcome('read_back', [])),
      [],
      'outcome.not_last',
    ],
    [
      'rests on the warrant that only looked',
      settled(shownBack('written'), settledOutcome('read_back', [], { warrant: readBackWarrant })),
      [],
      'outcome.unauthorised',
    ],
  ])('that %s is not valid', (_what, own, votes, code) => {
    expect(codesOf(own, [...writeVotes, ...votes])).toContain(code);
  });
});

describe('a passkey’s vote', () => {
  it('must carry a signature under its own decision', () => {
    const other = byPasskey(order.decision, 'A'.repeat(43));
    expect(codesOf(...under(other, countersign))).toContain('vote.other');
  });

  it('is not a sign-in’s, whatever the leaf says', () => {
    const leaf = { ...writing.ordered, data: { ...writing.ordered.data, method: 'idp' as const } };
    expect(codesOf(instead(writing.ordered, leaf), writeVotes)).toContain('vote.other');
  });
});

/** The preparation, showing something else than what was signed. */
function shownOtherwise(): Step {
  const prepared = preparedOf(2);
  return { ...prepared, data: { ...prepared.data, displayCommitment: anyDigest('something harmless') } };
}
