/** A log in memory, written as the database writes it, with one approved read in it and other people's leaves around. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../src/action/canonical.js';
import {
  action,
  agent,
  challenge,
  digest,
  person,
  role,
  tenant,
  warrant,
  type ActionId,
  type PersonId,
} from '../../../src/action/ids.js';
import { decisionHash, type Decision } from '../../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import type { EvidenceBundle } from '../../../src/audit/bundle.js';
import { base64, canonicalDigest, hex, utf8 } from '../../../src/audit/bytes.js';
import { formatCheckpoint } from '../../../src/audit/checkpoint.js';
import type { Leaf, LeafDraft, LeafKind } from '../../../src/audit/leaf.js';
import { inclusionProof, leafHash, rootOf, treeOf, type Hash } from '../../../src/audit/merkle.js';
import {
  formatVerifier,
  parseVerifier,
  signNote,
  signerOf,
  type Signer,
  type Verifier,
} from '../../../src/audit/note.js';

import { enrolledOf, holders, keyOf, type SampleWord } from './sample-keys.js';

const clinic = tenant('clinic');
export const origin = 'dev.countersign/clinic';
export const logKey: Signer = signerOf(origin, new Uint8Array(32).fill(7));
export const verifierOf = (signer: Signer): Verifier => {
  const verifier = parseVerifier(formatVerifier(signer));
  if (!verifier) throw new Error('no verifier');
  return verifier;
};
export const logs: readonly Verifier[] = [verifierOf(logKey)];

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
export const anyDigest = (text: string) => digest(hex(sha256(utf8(text))));
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export const read: ActionId = action('a'.repeat(26));
const other: ActionId = action('b'.repeat(26));
export const amara = person(id(1));
const chen = person(id(2));
export const relationWarrant = warrant(id(3));
export const readWarrant = warrant(id(4));
const challengeId = challenge(id(5));
const triage = agent('triage-agent');

export interface WrittenLeaf {
  readonly leaf: Leaf;
  readonly text: string;
  readonly hash: Hash;
}

/** A draft may need to know what was written before it. */
export type Step = LeafDraft | ((written: readonly WrittenLeaf[]) => LeafDraft);

export function draft<K extends LeafKind>(of: LeafDraft<K>): LeafDraft<K> {
  return of;
}

export function write(steps: readonly Step[]): WrittenLeaf[] {
  const written: WrittenLeaf[] = [];
  for (const step of steps) {
    const { kind, action: of = null, key, data } = typeof step === 'function' ? step(written) : step;
    const before = written.filter(({ leaf }) => of !== null && leaf.action === of).at(-1);
    const leaf: Leaf = {
      v: 1,
      tenant: clinic,
      index: written.length,
      time: `2026-11-24T09:00:00.${String(written.length).padStart(6, '0')}Z`,
      zone: 'Europe/Berlin',
      kind,
      action: of,
      seq: of === null ? null : (before?.leaf.seq ?? 0) + 1,
      prev: before ? digest(hex(before.hash)) : null,
      key,
      data,
    };
    written.push(asWritten(leaf));
  }
  return written;
}

export function asWritten(leaf: Leaf): WrittenLeaf {
  const text = canonicalJson(leaf);
  return { leaf, text, hash: leafHash(utf8(text)) };
}

export const decision: Decision = {
  v: 1,
  tenant: clinic,
  action: read,
  revision: 1,
  requestCommitment: anyDigest('request'),
  displayCommitment: anyDigest('display'),
  rulebook: anyDigest('rulebook'),
  tier: 'T1',
  verdict: 'approve',
  meaning: 'approve.access',
  reasonCommitment: null,
  approver: amara,
  actingRoles: [role('clinical_staff')],
  challenge: challengeId,
  decidedAt: '2026-11-24T09:00:00.000Z',
};

export function envelopeOf(of: Decision, nonce = decisionHash(of, sha256)): DecisionEnvelope {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const idToken = [part({ alg: 'ES384' }), part({ sub: 'amara', nonce }), Buffer.alloc(96, 1).toString('base64url')];
  return { decision: of, proof: { kind: 'idp', idToken: idToken.join('.') } };
}

/** Names of the steps of one approved read, in order. */
export const steps = {
  relationAttempt: draft({
    kind: 'action.attempt',
    action: read,
    key: 'relate/1',
    data: { warrant: relationWarrant, attempt: 1 },
  }),
  relation: draft({
    kind: 'relation.checked',
    action: read,
    key: 'relate',
    data: { principal: chen, patient: anyDigest('patient'), status: 'related', warrant: relationWarrant },
  }),
  requested: draft({
    kind: 'action.requested',
    action: read,
    key: 'classify',
    data: {
      agent: { id: triage, version: '1.0.0', model: 'model-1' },
      principal: chen,
      clinician: chen,
      department: null,
      type: 'medications.read',
      purpose: 'TREAT',
      elements: ['current_medications'],
      patient: anyDigest('patient'),
      episode: anyDigest('episode'),
      requestCommitment: decision.requestCommitment,
      displayCommitment: decision.displayCommitment,
      rulebook: decision.rulebook,
      tier: 'T1',
      needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 1 }] },
      rules: ['read.treatment'],
      deadline: '2026-11-24T13:00:00.000Z',
    },
  }),
  challenged: draft({
    kind: 'approval.challenged',
    action: read,
    key: challengeId,
    data: { challenge: challengeId, approver: amara, verdict: 'approve' },
  }),
  counted: countedOf(envelopeOf(decision)),
  authorised: (written: readonly WrittenLeaf[]) =>
    draft({
      kind: 'action.authorised',
      action: read,
      key: 'authorise',
      data: {
        warrant: readWarrant,
        tier: 'T1',
        rulebook: decision.rulebook,
        approvals: written.filter(({ leaf }) => leaf.kind === 'vote.counted').map(({ hash }) => digest(hex(hash))),
        elements: ['current_medications'],
        expires: '2026-11-24T09:30:00.000Z',
      },
    }),
  attempt: draft({
    kind: 'action.attempt',
    action: read,
    key: 'perform/1',
    data: { warrant: readWarrant, attempt: 1 },
  }),
  outcome: outcomeOf({}),
  released: draft({
    kind: 'action.released',
    action: read,
    key: 'release/1',
    data: { agent: triage, warrant: readWarrant, destination: 'treatment' },
  }),
};

export function countedOf({ decision: of, proof }: DecisionEnvelope): LeafDraft<'vote.counted'> {
  return {
    kind: 'vote.counted',
    action: of.action,
    key: of.challenge,
    data: {
      challenge: of.challenge,
      approver: of.approver,
      roles: [...of.actingRoles],
      verdict: of.verdict,
      meaning: of.meaning,
      decision: decisionHash(of, sha256),
      method: proof.kind,
      proof: canonicalDigest(proof),
    },
  };
}

export function outcomeOf(more: Partial<LeafDraft<'action.outcome'>['data']>): LeafDraft<'action.outcome'> {
  return {
    kind: 'action.outcome',
    action: read,
    key: 'conclude',
    data: {
      status: 'completed',
      code: null,
      warrant: readWarrant,
      records: 3,
      truncated: false,
      findings: 0,
      modified: false,
      retention: { class: 'action', date: '2032-11-24' },
      ...more,
    },
  };
}

/** Leaves of other actions and of the tenant, so that indexes and sequences differ. */
export const noise = (number: number): LeafDraft =>
  number % 2 === 0
    ? draft({ kind: 'request.refused', key: `n${number}`, data: { agent: triage, code: 'type.unknown' } })
    : draft({
        kind: 'action.cancel_requested',
        action: other,
        key: `n${number}`,
        data: { agent: triage, person: null },
      });

/** Every step with other people's leaves before, between and after; passkeys are enrolled and vouched for before all. */
export function amongOthers(own: readonly Step[], words: readonly SampleWord[] = []): Step[] {
  const keys = [...holders.map(enrolledOf), ...words.map((word) => word.draft)];
  return [noise(0), ...keys, ...own.flatMap((step, at) => [step, noise(2 * at + 1), noise(2 * at + 2)])];
}

export const wholeRead: readonly Step[] = Object.values(steps);
export const votes: readonly DecisionEnvelope[] = [envelopeOf(decision)];

interface Bundled {
  readonly votes?: readonly DecisionEnvelope[];
  /** The words that the votes need. */
  readonly words?: readonly SampleWord[];
  readonly signer?: Signer;
}

/** The evidence of `read` in a log, signed over all of it. */
export function bundleOf(log: readonly WrittenLeaf[], more: Bundled = {}): EvidenceBundle {
  const hashes = log.map(({ hash }) => hash);
  const tree = treeOf(hashes);
  const signer = more.signer ?? logKey;
  const included = ({ leaf: { index }, text }: WrittenLeaf) => ({
    leaf: text,
    proof: inclusionProof(tree, index).map(base64),
  });
  const ownLeaf = (kind: LeafKind, key: string) =>
    log.filter(({ leaf }) => leaf.kind === kind && leaf.key === key).map(included);
  return {
    format: 'countersign-evidence/v1',
    tenant: clinic,
    action: read,
    checkpoint: signNote(formatCheckpoint({ origin: signer.name, size: hashes.length, root: rootOf(hashes) }), signer),
    leaves: log.filter(({ leaf }) => leaf.action === read).map(included),
    votes: [...(more.votes ?? votes)],
    passkeys: signersOf(more).flatMap((owner) => {
      const { credential, publicKey } = keyOf(owner);
      const [entry] = ownLeaf('passkey.enrolled', enrolledOf(owner).key);
      return entry ? [{ ...entry, credential, publicKey: base64(publicKey) }] : [];
    }),
    vouchings: (more.words ?? []).flatMap(({ draft: { kind, key }, assertion }) =>
      ownLeaf(kind, key).map((entry) => ({ ...entry, assertion })),
    ),
  };
}

/** Whose passkeys signed a vote, or the word for its passkey, in the order of their first use. */
function signersOf({ votes: cast = votes, words = [] }: Bundled): readonly PersonId[] {
  const signers = cast.flatMap(({ proof }) => {
    const by = holders.filter((owner) => proof.kind === 'passkey' && keyOf(owner).credential === proof.credentialId);
    return [...by, ...words.flatMap(({ draft: { data } }) => (by.includes(data.person) ? [data.voucher] : []))];
  });
  return [...new Set(signers)];
}

export const goodLog = (): WrittenLeaf[] => write(amongOthers(wholeRead));
export const goodBundle = (): EvidenceBundle => bundleOf(goodLog());
