/** The steps of writes in the sample's log: ordered and countersigned, reopened, and with an outcome that nobody knew. */
import { challenge, digest, person, role, warrant, type PersonId, type WarrantId } from '../../../src/action/ids.js';
import type { Tier } from '../../../src/action/types.js';
import { verdictOf, type Meaning } from '../../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { hex } from '../../../src/audit/bytes.js';
import type { LeafData, LeafDraft } from '../../../src/audit/leaf.js';
import {
  anyDigest,
  decision,
  draft,
  outcomeOf,
  countedOf,
  read as change,
  steps,
  type Step,
  type WrittenLeaf,
} from './sample-log.js';
import { byPasskey, wordOf, type SampleWord } from './sample-keys.js';

const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Principal of every request of the sample. */
export const chen = steps.requested.data.principal;
export const gus = person(id(21));
export const farid = person(id(22));
export const elif = person(id(23));
export const prepareWarrant = warrant(id(31));
export const writeWarrant = warrant(id(32));
export const secondWarrant = warrant(id(33));
export const readBackWarrant = warrant(id(34));

const displayOf = (revision: number) =>
  revision === 1 ? decision.displayCommitment : anyDigest(`display/${revision}`);

interface Signed {
  readonly by: PersonId;
  readonly as: string;
  readonly meaning: Meaning;
  readonly revision?: number;
  /** Of the revision whose text was shown, where that is another. */
  readonly shows?: number;
  readonly tier?: Tier;
}

/** A decision under a passkey; one person has one challenge for each revision. */
export function signed({ by, as, meaning, revision = 2, shows = revision, tier = 'T2' }: Signed): DecisionEnvelope {
  const verdict = verdictOf(meaning);
  return byPasskey({
    ...decision,
    tier,
    revision,
    displayCommitment: displayOf(shows),
    verdict,
    meaning,
    reasonCommitment: verdict === 'approve' ? null : anyDigest('why'),
    approver: by,
    actingRoles: [role(as)],
    challenge: challenge(`00000000-0000-4000-8${String(revision).padStart(3, '0')}-${by.slice(-12)}`),
  });
}

export const order = signed({ by: chen, as: 'clinician', meaning: 'approve.order' });
export const countersign = signed({ by: gus, as: 'senior_clinician', meaning: 'approve.access' });
export const tookEffect = signed({
  by: elif,
  as: 'privacy_officer',
  meaning: 'approve.took_effect',
  revision: 3,
  shows: 2,
});
export const noEffect = signed({
  by: gus,
  as: 'senior_clinician',
  meaning: 'deny.no_effect',
  revision: 3,
  shows: 2,
});

/** What a gateway prepared; its number is that of the revision. */
export function preparedOf(revision: number): LeafDraft<'action.prepared'> {
  return {
    kind: 'action.prepared',
    action: change,
    key: `prepare.${revision}`,
    data: {
      revision,
      displayCommitment: displayOf(revision),
      proposalCommitment: anyDigest(`proposal/${revision}`),
      base: String(revision - 1),
      changes: 2,
      warrant: prepareWarrant,
    },
  };
}

/** A warrant that rests on these votes. */
export function authorisedBy(
  of: WarrantId,
  revision: number,
  rests: readonly DecisionEnvelope[],
  tier: Tier = 'T2',
): Step {
  return (written: readonly WrittenLeaf[]) => ({
    kind: 'action.authorised',
    action: change,
    key: `authorise/${revision}`,
    data: {
      warrant: of,
      tier,
      rulebook: decision.rulebook,
      approvals: leavesOf(rests, written),
      elements: ['current_medications'],
      expires: '2026-11-24T09:10:00.000Z',
    },
  });
}

/** Hashes of the leaves that counted these votes; of a vote that no leaf counted, of nothing. */
function leavesOf(votes: readonly DecisionEnvelope[], written: readonly WrittenLeaf[]) {
  return votes.map(({ decision: { challenge: of } }) => {
    const leaf = written.find((each) => each.leaf.kind === 'vote.counted' && each.leaf.key === of);
    return leaf ? digest(hex(leaf.hash)) : anyDigest('no leaf');
  });
}

export function attemptOf(of: WarrantId, key: string): LeafDraft<'action.attempt'> {
  return { kind: 'action.attempt', action: change, key, data: { warrant: of, attempt: 1 } };
}

export const writtenOutcome = (more: Partial<LeafData<'action.outcome'>> = {}) =>
  outcomeOf({ warrant: writeWarrant, records: 1, modified: true, ...more });

/** The outcome that settles an unknown one, resting on these votes where people settled it. */
export function settledOutcome(
  by: 'read_back' | 'decision',
  rests: readonly DecisionEnvelope[],
  more: Partial<LeafData<'action.outcome'>> = {},
): Step {
  return (written: readonly WrittenLeaf[]) => ({
    ...writtenOutcome({ resolved: { by, votes: leavesOf(rests, written) }, ...more }),
    key: 'settle',
  });
}

export function shownBack(status: LeafData<'outcome.read_back'>['status'], round = 1): LeafDraft<'outcome.read_back'> {
  return {
    kind: 'outcome.read_back',
    action: change,
    key: `read_back_${round}`,
    data: { warrant: readBackWarrant, status },
  };
}

/** Names of the steps of one write, in order. */
export const writing = {
  requested: draft({
    ...steps.requested,
    data: {
      ...steps.requested.data,
      type: 'medication.update',
      tier: 'T2',
      needs: {
        status: 'quorum',
        factors: [
          { role: role('clinician'), count: 1, order: true },
          { role: role('senior_clinician'), or: [role('pharmacist')], count: 1 },
        ],
      },
      rules: ['write.treatment'],
    },
  }),
  prepareAttempt: attemptOf(prepareWarrant, 'prepare.1/1'),
  prepared: preparedOf(2),
  ordered: countedOf(order),
  countersigned: countedOf(countersign),
  authorised: authorisedBy(writeWarrant, 2, [order, countersign]),
  attempt: attemptOf(writeWarrant, 'perform.2/1'),
  outcome: writtenOutcome(),
} satisfies Record<string, Step>;

export const wholeWrite: readonly Step[] = Object.values(writing);
export const writeVotes: readonly DecisionEnvelope[] = [order, countersign];

export const orderAgain = signed({ by: chen, as: 'clinician', meaning: 'approve.order', revision: 3 });
export const countersignAgain = signed({ by: gus, as: 'senior_clinician', meaning: 'approve.access', revision: 3 });

/** The EHR took nothing, because the record had moved on: prepared, ordered and countersigned once more. */
export const reopening = {
  reopened: draft({
    kind: 'action.reopened',
    action: change,
    key: 'reopen/2',
    data: { revision: 2, code: 'write.conflict' },
  }),
  prepareAttempt: attemptOf(prepareWarrant, 'prepare.2/1'),
  prepared: preparedOf(3),
  ordered: countedOf(orderAgain),
  countersigned: countedOf(countersignAgain),
  authorised: authorisedBy(secondWarrant, 3, [orderAgain, countersignAgain]),
  attempt: attemptOf(secondWarrant, 'perform.3/1'),
  outcome: writtenOutcome({ warrant: secondWarrant }),
} satisfies Record<string, Step>;

export const reopenedWrite: readonly Step[] = [...wholeWrite.slice(0, -1), ...Object.values(reopening)];
export const reopenedVotes: readonly DecisionEnvelope[] = [...writeVotes, orderAgain, countersignAgain];

/** Up to the outcome that nobody knew. */
export const unknownWrite: readonly Step[] = [
  ...wholeWrite.slice(0, -1),
  writtenOutcome({ status: 'outcome_unknown', records: 0, modified: false }),
  attemptOf(readBackWarrant, 'read_back_1/1'),
];

/** The same at T3, where somebody has to have vouched for each passkey. */
const grave = { tier: 'T3' } as const;
const graveOrder = signed({ by: chen, as: 'clinician', meaning: 'approve.order', ...grave });
const graveCountersign = signed({ by: gus, as: 'senior_clinician', meaning: 'approve.access', ...grave });
export const graveVotes: readonly DecisionEnvelope[] = [graveOrder, graveCountersign];
export const graveWords: readonly SampleWord[] = [wordOf(elif, chen), wordOf(chen, gus)];
export const graveWrite: readonly Step[] = Object.values({
  ...writing,
  requested: draft({ ...writing.requested, data: { ...writing.requested.data, ...grave } }),
  ordered: countedOf(graveOrder),
  countersigned: countedOf(graveCountersign),
  authorised: authorisedBy(writeWarrant, 2, graveVotes, 'T3'),
});
