/** One vote: shown, confirmed, fixed by a challenge, checked, signed by a sign-in of its own, sent. */
import { createHash, createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../api.gateway.js';
import { approvalLines, signingLines } from './approval-text.js';
import { challengeView, voteView, type Approval } from './approval-view.js';
import { ballotDiffers, isTextShown, type Chosen, type Hashes } from './ballot-check.js';
import { CommandFailure, wrongUse } from './failure.js';
import { localTime } from './local-time.js';
import { printable } from './printable.js';
import { proveVote, signingText } from './prove-vote.js';
import type { Session } from './person-command.js';
import type { Shell } from './shell.js';
import { actionView, needsText, type ActionView } from './views.js';

const hashes: Hashes = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
};

interface Vote {
  readonly approval: Approval;
  readonly chosen: Chosen;
  /** The person is not asked whether they are sure. */
  readonly yes: boolean;
  /** Typed beforehand, where the tier asks for a phrase to be typed. */
  readonly confirmation?: string | undefined;
}

export interface CastVote {
  readonly approval: Approval;
  readonly chosen: Chosen;
  readonly roles: readonly string[];
  /** `pending`: noted in time, not counted yet. */
  readonly vote: 'counted' | 'pending';
  /** The action a moment later; undefined when the API did not say. */
  readonly after: ActionView | undefined;
}

/** @throws CommandFailure when anything is refused, differs, or the person leaves; then nothing was signed. */
export async function castVote(shell: Shell, session: Session, vote: Vote): Promise<CastVote> {
  const { approval, chosen, yes } = vote;
  const { api, place } = session;
  if (!isTextShown(approval, hashes)) throw differs('text shown');
  for (const line of approvalLines(approval, Date.now())) shell.tell(line);
  for (const line of ['', ...signingLines(chosen)]) shell.tell(line);
  if (!yes) await beSure(shell, chosen, new URL(place.api).host);

  const { verdict, meaning, reason, roles } = chosen;
  const confirmation = await confirmed(shell, vote);
  const asked = { action: approval.id, verdict, meaning, reason, actingRoles: roles, confirmation };
  const ballot = await api.post('/v1/challenges', asked, challengeView);
  const difference = ballotDiffers(approval, chosen, ballot, hashes);
  if (difference !== undefined) throw differs(difference);

  shell.tell(signingText(approval.proof, localTime(ballot.expiresAt)));
  const proof = await proveVote(session, approval, ballot.hash);
  const sent = await send(api, { challenge: ballot.challenge, proof });
  const after = await api.get(`/v1/actions/${approval.id}/wait?seconds=2`, actionView).catch(unlessFailure);
  return { approval, chosen, roles: ballot.decision.actingRoles, vote: sent, after };
}

export function tellResult(shell: Shell, { json }: { readonly json?: boolean }, cast: CastVote): void {
  const { approval, chosen, roles, vote, after } = cast;
  const { verdict, meaning } = chosen;
  const { status = null, needs = null } = after ?? {};
  if (json) {
    const facts = { action: approval.id, revision: approval.revision, verdict, meaning, roles, vote, status, needs };
    return shell.print(JSON.stringify(facts));
  }
  shell.print(
    vote === 'counted'
      ? `Your vote counts: ${verdict}, as ${roles.join(', ')}.`
      : 'Your vote arrived in time and is not counted yet: follow it with countersign actions watch.',
  );
  if (status === null) return;
  if (status === 'awaiting_approval') shell.print(`More are needed: it takes ${needsText(needs)} in all.`);
  else shell.print(`The action is now: ${status}.`);
}

async function beSure(shell: Shell, { verdict }: Chosen, host: string): Promise<void> {
  if (!shell.interactive) throw wrongUse('Nobody can be asked here whether they are sure: read it, then add --yes.');
  if (await shell.confirm(`Sign this (${verdict}) at ${host}?`)) return;
  throw new CommandFailure(1, 'vote.left', 'Nothing was signed.');
}

/** What a person types to approve what cannot be taken back; undefined where nothing is asked for. */
async function confirmed(shell: Shell, { approval, chosen, confirmation }: Vote): Promise<string | undefined> {
  const phrase = approval.confirmation;
  if (phrase === null || chosen.verdict !== 'approve') return undefined;
  if (confirmation !== undefined) return confirmation;
  if (!shell.interactive)
    throw wrongUse(`To approve this, type what would change: --confirm ${quoted(printable(phrase))}`);
  return shell.ask(`Type ${printable(phrase)} to approve this`);
}

/** As a POSIX shell reads it as one word. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The vote was sent by then: what is told of the action afterwards cannot make that a failure. */
function unlessFailure(error: unknown): undefined {
  if (!(error instanceof CommandFailure)) throw error;
}

/** Worth sending the same vote again. */
const passing: readonly string[] = [
  'api.unreachable',
  'identity.unreachable',
  'unavailable',
  'vote.busy',
  'vote.not_open',
];

/** The same vote may be sent again, and hears the same answer. */
async function send(api: Api, vote: object): Promise<'counted' | 'pending'> {
  for (let attempt = 1; ; attempt++) {
    const status = await api.post('/v1/votes', vote, voteView).then(
      (answer) => answer.status,
      (error: unknown) => {
        const mayPass = error instanceof CommandFailure && passing.includes(error.code);
        if (mayPass && attempt < 5) return 'pending' as const;
        throw error instanceof CommandFailure && error.exit === 1 ? unknownFate(error) : error;
      },
    );
    if (status === 'counted' || attempt === 5) return status;
    await sleep(attempt * 500);
  }
}

/** Signed and sent, and no answer. */
function unknownFate({ code, message }: CommandFailure): CommandFailure {
  const next = 'Whether your vote arrived is not known: countersign approvals list.';
  return new CommandFailure(1, code, `${message} ${next}`);
}

function differs(what: string): CommandFailure {
  const words = `What is to be signed is not what was shown or chosen (${what}). Nothing was signed; report it.`;
  return new CommandFailure(1, 'ballot.differs', words);
}
