/** What a verification found, in lines for people. Pure, so that a page can show the same. */
import { factorsOf, rolesOf } from '../approval/quorum.js';
import type { Account } from './account.js';
import type { LeafData } from './leaf.js';
import type { Problem } from './problem.js';

/** What each problem means, and what to do about it. */
const meanings: Readonly<Record<Problem['code'], string>> = {
  'bundle.malformed': 'This is no evidence bundle, or it was changed. Ask for the file again, as it was exported.',
  'checkpoint.malformed': 'The checkpoint cannot be read. Ask for the file again, as it was exported.',
  'checkpoint.not_signed':
    'No given key of this log signed the checkpoint. Compare the verifier key with the one that was published; if it is right, the checkpoint is forged or altered.',
  'leaf.malformed':
    'This leaf is not what a log writes. It was altered; ask for the file again, and report a second one.',
  'leaf.other_action': 'This leaf belongs to another action or tenant.',
  'leaf.not_included':
    'This leaf is not in the tree that was signed: it, its place or its proof was altered, or the log was. Report it.',
  'chain.broken': 'This leaf does not follow the one before: one was left out, put in or moved.',
  'chain.no_outcome': 'No leaf tells how the action ended: the end was cut off. Export the evidence again.',
  'outcome.not_last': 'This leaf was written after the action had ended, and may not be. Report it.',
  'outcome.unauthorised': 'This was done without a warrant that the request covers. Report it.',
  'outcome.no_attempt': 'The outcome tells of an effect, and no attempt is on the log. Report it.',
  'outcome.unresolved': 'The outcome was unknown, and nothing on the log settles it as this leaf says. Report it.',
  'release.no_outcome': 'Output left without an outcome that completed under this warrant. Report it.',
  'version.unfounded':
    'This tells what the EHR holds, and nobody asked it under this warrant after the action had ended. Report it.',
  'approval.missing': 'The warrant does not rest on enough counted approvals. Report it.',
  'vote.missing': 'The decision and proof of this counted vote are not in the bundle.',
  'vote.other': 'The decision or proof in the bundle is not the one that this leaf counted, or is for another request.',
  'vote.unknown': 'The bundle holds a vote that no leaf speaks of.',
  'vote.not_signed': 'The passkey of this voter did not make this signature, or not for this decision. Report it.',
  'passkey.not_included':
    'The enrolment of a passkey, or the word for one, is not in the tree that was signed: it or its proof was altered.',
  'passkey.missing':
    'The key of the passkey that made this vote, or gave its word for it, is not in the bundle. One that was exported before keys were part of it has none: export it again.',
  'passkey.other':
    'The key in the bundle is not the one that was enrolled for this voter before the vote. Ask for the file again, and report a second one.',
  'passkey.unknown': 'The bundle holds a passkey that nothing in it was signed with, or in another order.',
  'vouching.missing': 'Nobody’s word for the passkey that made this vote is in the bundle, and this tier asks for one.',
  'vouching.other':
    'The word in the bundle is not the signature of another person for the passkey that made this vote. Report it.',
  'vouching.unknown': 'The bundle holds a word for a passkey that no vote in it needs, or in another order.',
};

const holdings: Readonly<Record<LeafData<'version.checked'>['finding'], string>> = {
  as_recorded: 'the EHR holds what is recorded',
  missing: 'the EHR no longer holds the version that was written',
  other_content: 'the EHR holds something else than was approved',
  unexplained: 'the EHR holds a version in our name that no record explains',
  not_said: 'the EHR did not say what it holds',
};

/** One problem in one line; leaves are numbered from 1, as people count. */
export function problemLine({ code, leaf }: Problem): string {
  return `${leaf === undefined ? '' : `leaf ${leaf + 1}: `}${code}: ${meanings[code]}`;
}

/** The account of one action as rows of label and text. */
export function accountRows(account: Account): (readonly [label: string, text: string])[] {
  const { requested, warrant, refused, outcome, disposed, checkpoint, leaves } = account;
  return [
    ['action', `${account.action}, tenant ${account.tenant}, ${account.zone}`],
    ...(requested ? requestRows(requested) : []),
    ...account.votes.map(
      ({ time, approver, roles, verdict, meaning, method }) =>
        ['vote', `${time} ${verdict} by ${approver} as ${roles.join(', ')}: ${meaning} (${method})`] as const,
    ),
    ...account.prepared.map(
      ({ time, revision, base, changes }) =>
        ['prepared', `${time} revision ${revision}: ${changes} changes on version ${base}`] as const,
    ),
    ...account.refusedVotes.map(({ time, code }) => ['vote refused', `${time} ${code}`] as const),
    ...(refused ? [['refused', `${refused.time} ${refused.rules.join(', ')}`] as const] : []),
    ...(warrant
      ? [
          [
            'warrant',
            `${warrant.time} ${warrant.warrant}, until ${warrant.expires}: ${warrant.elements.join(', ')}`,
          ] as const,
        ]
      : []),
    ...account.attempts.map(
      ({ time, attempt, warrant: jti }) => ['attempt', `${time} number ${attempt} under ${jti}`] as const,
    ),
    ...account.readmitted.map(({ time }) => ['readmitted', `${time} after the API that opened it had died`] as const),
    ...account.reconciled.map(({ time, finding }) => ['reconciled', `${time} ${finding}`] as const),
    ...account.securityEvents.map(({ time, code }) => ['security event', `${time} ${code}`] as const),
    ...(outcome ? outcomeRows(outcome) : []),
    ...account.released.map(
      ({ time, agent, destination }) => ['released', `${time} to ${agent} for ${destination}`] as const,
    ),
    ...account.checked.map(
      ({ time, finding, version }) =>
        ['checked', `${time} ${holdings[finding]}${version === null ? '' : `: version ${version}`}`] as const,
    ),
    ...account.histories.map(
      ({ time, run, events, sha256 }) =>
        ['history', `${time} run ${run}, ${events} events, SHA-256 ${sha256}`] as const,
    ),
    ...(disposed
      ? [
          [
            'disposed',
            `${disposed.time} as of ${disposed.asOf}, erasure ${disposed.erasure}; out of reach: ${disposed.outOfReach.join(', ')}`,
          ] as const,
        ]
      : []),
    ['leaves', `${leaves.count}, number ${leaves.first} to ${leaves.last} of the log; later ones may exist`],
    ['checkpoint', `${checkpoint.origin}, ${checkpoint.size} leaves, root ${checkpoint.root}`],
  ];
}

function requestRows(requested: NonNullable<Account['requested']>): (readonly [string, string])[] {
  const { time, agent, principal, clinician, type, purpose, elements, tier, needs } = requested;
  const asked =
    factorsOf(needs)
      .map((factor) => `${factor.count} ${rolesOf(factor).join(' or ')}${factor.order ? ' who orders it' : ''}`)
      .join(' and ') || 'nobody';
  return [
    ['requested', `${time} ${type} (${tier}) for ${purpose}: ${elements.join(', ')}`],
    ['by', `agent ${agent.id} ${agent.version} (${agent.model}) for ${principal}`],
    ...(clinician === null ? [] : [['responsible', clinician] as const]),
    ['approvals', asked],
  ];
}

function outcomeRows(outcome: NonNullable<Account['outcome']>): (readonly [string, string])[] {
  const { time, status, code, records, truncated, findings, modified, resolved, retention } = outcome;
  const counts = `${records} records${truncated ? ', cut off at the limit' : ''}, ${findings} findings${modified ? ', the record was changed' : ''}`;
  const settled = resolved === undefined ? '' : `, settled by ${resolved.by === 'decision' ? 'a human' : 'the EHR'}`;
  return [
    ['outcome', `${time} ${status}${code === null ? '' : ` (${code})`}${settled}: ${counts}`],
    ['retention', `${retention.class} until ${retention.date}`],
  ];
}
