/** What the leaves of one action tell, in their order, as facts for people. Believe it as far as the bundle verified. */
import type { Checkpoint } from './checkpoint.js';
import { hex } from './bytes.js';
import { dataOf, type Leaf, type LeafData, type LeafKind } from './leaf.js';
import type { VerifiedLeaf } from './problem.js';

type At<T> = T & {
  /** UTC, microseconds, by the clock of the log's database. */
  readonly time: string;
};

export interface Account {
  readonly tenant: string;
  readonly action: string;
  /** IANA zone of the site when the action began. */
  readonly zone: string;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
  /** Indexes of the first and last leaf in the log. Later leaves may exist: a bundle ends where its maker ended it. */
  readonly leaves: { readonly count: number; readonly first: number; readonly last: number };
  /** Absent for an action that was refused before it was classified. */
  readonly requested?: At<
    Pick<
      LeafData<'action.requested'>,
      'agent' | 'principal' | 'clinician' | 'type' | 'purpose' | 'elements' | 'tier' | 'needs' | 'rulebook'
    >
  >;
  readonly votes: readonly At<
    Pick<LeafData<'vote.counted'>, 'approver' | 'roles' | 'verdict' | 'meaning' | 'method'>
  >[];
  /** Revisions of a write that people were asked about. */
  readonly prepared: readonly At<Pick<LeafData<'action.prepared'>, 'revision' | 'base' | 'changes'>>[];
  /** Votes that came and did not count, and why. */
  readonly refusedVotes: readonly At<{ readonly code: string }>[];
  readonly warrant?: At<Pick<LeafData<'action.authorised'>, 'warrant' | 'elements' | 'expires'>>;
  /** Of the EHR or the model, under whichever warrant. */
  readonly attempts: readonly At<LeafData<'action.attempt'>>[];
  /** The rules that said no, at the request or before the warrant. */
  readonly refused?: At<Pick<LeafData<'action.refused'>, 'rules'>>;
  readonly outcome?: At<LeafData<'action.outcome'>>;
  /** Each time that output left, to the agent that asked. */
  readonly released: readonly At<Pick<LeafData<'action.released'>, 'agent' | 'destination'>>[];
  readonly securityEvents: readonly At<{ readonly code: string }>[];
  /** The reconciler started it, because the API that opened it died. */
  readonly readmitted: readonly At<object>[];
  /** What the reconciler found where nothing carried the action on. */
  readonly reconciled: readonly At<LeafData<'action.reconciled'>>[];
  /** What the EHR held of the write, some time after the action had ended. */
  readonly checked: readonly At<Pick<LeafData<'version.checked'>, 'finding' | 'version'>>[];
  /** Digests of the encrypted histories of its runs in Temporal. */
  readonly histories: readonly At<LeafData<'history.closed'>>[];
  readonly disposed?: At<Pick<LeafData<'retention.disposed'>, 'asOf' | 'erasure' | 'outOfReach'>>;
}

/** The account of verified leaves of one action. @throws RangeError for no leaves. */
export function accountOf(leaves: readonly VerifiedLeaf[], { origin, size, root }: Checkpoint): Account {
  const all = leaves.map(({ leaf }) => leaf);
  const [first] = all;
  const last = all.at(-1);
  if (!first || !last) throw new RangeError('no leaves, no account');
  const requested = every(all, 'action.requested').at(-1);
  const authorised = every(all, 'action.authorised').at(-1);
  const refused = every(all, 'action.refused').at(-1);
  const outcome = every(all, 'action.outcome').at(-1);
  const disposed = every(all, 'retention.disposed').at(-1);
  return {
    tenant: first.tenant,
    action: first.action ?? '',
    zone: first.zone,
    checkpoint: { origin, size, root: hex(root) },
    leaves: { count: all.length, first: first.index, last: last.index },
    ...(requested && { requested: asRequested(requested) }),
    votes: every(all, 'vote.counted').map(({ time, approver, roles, verdict, meaning, method }) => {
      return { time, approver, roles, verdict, meaning, method };
    }),
    prepared: every(all, 'action.prepared').map(({ time, revision, base, changes }) => {
      return { time, revision, base, changes };
    }),
    refusedVotes: every(all, 'vote.refused').map(codeOf),
    ...(authorised && {
      warrant: {
        time: authorised.time,
        warrant: authorised.warrant,
        elements: authorised.elements,
        expires: authorised.expires,
      },
    }),
    attempts: every(all, 'action.attempt'),
    ...(refused && { refused: { time: refused.time, rules: refused.rules } }),
    ...(outcome && { outcome }),
    released: every(all, 'action.released').map(({ time, agent, destination }) => ({ time, agent, destination })),
    securityEvents: every(all, 'security.event').map(codeOf),
    readmitted: every(all, 'action.readmitted').map(({ time }) => ({ time })),
    reconciled: every(all, 'action.reconciled'),
    checked: every(all, 'version.checked').map(({ time, finding, version }) => ({ time, finding, version })),
    histories: every(all, 'history.closed'),
    ...(disposed && {
      disposed: {
        time: disposed.time,
        asOf: disposed.asOf,
        erasure: disposed.erasure,
        outOfReach: disposed.outOfReach,
      },
    }),
  };
}

function every<K extends LeafKind>(leaves: readonly Leaf[], kind: K): At<LeafData<K>>[] {
  return leaves.flatMap((leaf) => {
    const data = dataOf(leaf, kind);
    return data ? [{ ...data, time: leaf.time }] : [];
  });
}

function asRequested({ time, ...data }: At<LeafData<'action.requested'>>): NonNullable<Account['requested']> {
  const { agent, principal, clinician, type, purpose, elements, tier, needs, rulebook } = data;
  return { time, agent, principal, clinician, type, purpose, elements, tier, needs, rulebook };
}

const codeOf = ({ time, code }: At<{ readonly code: string }>) => ({ time, code });
