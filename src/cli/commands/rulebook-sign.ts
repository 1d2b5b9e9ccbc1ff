/** One signature under a proposed rulebook: shown, confirmed, fixed by a challenge, checked, signed, sent. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { statementHash, type ChangeVerdict } from '../../rulebook/change/change.js';
import { compareRulebooks } from '../../rulebook/change/compare.js';
import type { Api } from '../api.gateway.js';
import { CommandFailure, wrongUse } from './failure.js';
import { localTime } from './local-time.js';
import type { Session } from './person-command.js';
import { sandboxPasskey } from './prove-vote.js';
import { fetchContent, fetchRulebook } from './rulebook-files.js';
import { challengeView, proposalLines, signedView, type ProposalView } from './rulebook-views.js';
import type { Shell } from './shell.js';

export interface ChosenSignature {
  readonly proposal: ProposalView;
  readonly verdict: ChangeVerdict;
  /** Undefined: every role in which the person may sign. */
  readonly roles: readonly string[] | undefined;
  /** The person is not asked whether they are sure. */
  readonly yes: boolean;
}

/** @throws CommandFailure when anything is refused, differs, or the person leaves; then nothing was signed. */
export async function signProposal(
  shell: Shell,
  session: Session,
  { proposal, verdict, roles, yes }: ChosenSignature,
): Promise<'signed' | 'pending'> {
  const { api, place } = session;
  const base = await fetchContent(api, proposal.base);
  const proposed = await fetchRulebook(api, proposal.digest);
  for (const line of proposalLines(proposal, compareRulebooks(base, proposed.content))) shell.tell(line);
  shell.tell('');
  shell.tell(
    verdict === 'deny' ? 'You sign: this must not govern.' : 'You sign: this may govern in place of the other.',
  );
  if (!yes) await beSure(shell, verdict, new URL(place.api).host);

  const asked = { proposal: proposal.id, verdict, ...(roles && { actingRoles: roles }) };
  const { statement, hash, rpId, expiresAt } = await api.post('/v1/rulebooks/challenges', asked, challengeView);
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  const isThis =
    statement.proposal === proposal.id &&
    statement.digest === proposed.digest &&
    statement.base === proposal.base &&
    statement.verdict === verdict &&
    hash === statementHash(statement, sha256);
  if (!isThis) {
    const words = 'What is to be signed is not what was shown or chosen. Nothing was signed; report it.';
    throw new CommandFailure(1, 'statement.differs', words);
  }
  shell.tell(`Signing takes your passkey, until ${localTime(expiresAt)}.`);
  const assertion = (await sandboxPasskey(session, rpId))(hash);
  return send(api, { challenge: statement.challenge, assertion });
}

async function beSure(shell: Shell, verdict: ChangeVerdict, host: string): Promise<void> {
  if (!shell.interactive) throw wrongUse('Nobody can be asked here whether they are sure: read it, then add --yes.');
  if (await shell.confirm(`Sign this (${verdict}) at ${host}?`)) return;
  throw new CommandFailure(1, 'signature.left', 'Nothing was signed.');
}

/** Worth sending the same again; it hears the same answer. */
const passing: readonly string[] = ['api.unreachable', 'unavailable', 'vote.busy'];

async function send(api: Api, signature: object): Promise<'signed' | 'pending'> {
  for (let attempt = 1; ; attempt++) {
    const status = await api.post('/v1/rulebooks/signatures', signature, signedView).then(
      (answer) => answer.status,
      (error: unknown) => {
        if (error instanceof CommandFailure && passing.includes(error.code) && attempt < 5) return 'pending' as const;
        throw error;
      },
    );
    if (status === 'signed' || attempt === 5) return status;
    await sleep(attempt * 500);
  }
}
