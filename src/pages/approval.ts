/** What the API tells about actions that wait for a vote. */
import {
  booleanAt,
  isObject,
  listAt,
  objectAt,
  objectOf,
  oneOf,
  textAt,
  textOrNullAt,
  textsAt,
  wholeNumberAt,
  type JsonObject,
} from './json.js';

export const verdicts = ['approve', 'deny', 'request_changes'] as const;
export type Verdict = (typeof verdicts)[number];

/** The request as asked, what exactly a write would change, or what became of one whose outcome is unknown. */
const kinds = ['asked', 'prepared', 'resolution'] as const;
export type Kind = (typeof kinds)[number];

export interface Waiting {
  readonly id: string;
  readonly type: string;
  readonly tier: string | null;
  readonly agent: string;
  readonly purpose: string;
  readonly needs: string;
  readonly deadline: string | null;
  readonly revision: number;
  readonly kind: Kind;
  /** Roles in which this person may vote. */
  readonly roles: readonly string[];
}

export interface Meaning {
  readonly meaning: string;
  readonly verdict: Verdict;
  readonly text: string;
}

/** How the vote is signed. `fresh`: with a sign-in made for it besides; `vouched`: by a passkey that somebody vouched for. */
export interface RequiredProof {
  readonly method: 'idp' | 'passkey';
  readonly fresh: boolean;
  readonly vouched: boolean;
}

export interface Approval extends Waiting {
  /** Exactly what the vote binds. */
  readonly shown: JsonObject;
  readonly principalName: string;
  readonly rulebook: string;
  readonly requestCommitment: string;
  readonly displayCommitment: string;
  /** Base64. */
  readonly salt: string;
  readonly meanings: readonly Meaning[];
  readonly proof: RequiredProof;
  /** This person's passkeys that may sign. */
  readonly credentials: readonly string[];
  /** Relying party of those passkeys; null where there is none. */
  readonly rpId: string | null;
  /** A phrase that whoever approves has to type; null where none is asked for. */
  readonly confirmation: string | null;
}

export function waitingOf(value: unknown): Waiting {
  const view = objectOf(value);
  return {
    id: textAt(view, 'id'),
    type: textAt(view, 'type'),
    tier: textOrNullAt(view, 'tier'),
    agent: textAt(view, 'agent'),
    purpose: textAt(view, 'purpose'),
    needs: needsText(view['needs']),
    deadline: textOrNullAt(view, 'deadline'),
    revision: wholeNumberAt(view, 'revision'),
    kind: oneOf(kinds, view['kind']),
    roles: textsAt(objectAt(view, 'may'), 'roles'),
  };
}

export function approvalOf(value: unknown): Approval {
  const view = objectOf(value);
  return {
    ...waitingOf(view),
    shown: objectAt(view, 'shown'),
    principalName: textAt(view, 'principalName'),
    rulebook: textAt(view, 'rulebook'),
    requestCommitment: textAt(view, 'requestCommitment'),
    displayCommitment: textAt(view, 'displayCommitment'),
    salt: textAt(view, 'salt'),
    meanings: listAt(view, 'meanings').map(meaningOf),
    proof: proofOf(view),
    credentials: textsAt(view, 'credentials'),
    rpId: textOrNullAt(view, 'rpId'),
    confirmation: textOrNullAt(view, 'confirmation'),
  };
}

/** `clinical_staff and 2 × pharmacist`, as the command line says it; a need of another kind is shown as it came. */
export function needsText(needs: unknown): string {
  if (!isObject(needs) || needs['status'] !== 'quorum') return JSON.stringify(needs ?? null);
  return listAt(needs, 'factors').map(objectOf).map(factorText).join(' and ');
}

/** An order is signed by whoever gives it, and is no seat. */
function factorText(factor: JsonObject): string {
  const roles = [textAt(factor, 'role'), ...('or' in factor ? textsAt(factor, 'or') : [])].join(' or ');
  const count = wholeNumberAt(factor, 'count');
  if (factor['order'] === true) return `the order of a ${roles}`;
  return count === 1 ? roles : `${count} × ${roles}`;
}

function meaningOf(value: unknown): Meaning {
  const view = objectOf(value);
  return {
    meaning: textAt(view, 'meaning'),
    verdict: oneOf(verdicts, view['verdict']),
    text: textAt(view, 'text'),
  };
}

function proofOf(view: JsonObject): RequiredProof {
  const proof = objectAt(view, 'proof');
  return {
    method: oneOf(['idp', 'passkey'], proof['method']),
    fresh: booleanAt(proof, 'fresh'),
    vouched: booleanAt(proof, 'vouched'),
  };
}
