/** One word for somebody's passkey: shown, confirmed, opened, checked, signed with a passkey of one's own, sent. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertionSchema } from '../../passkey/assertion.js';
import { fingerprintOf, vouchingHash } from '../../passkey/vouching.js';
import type { Api } from '../api.gateway.js';
import { CommandFailure, wrongUse } from './failure.js';
import { localTime } from './local-time.js';
import { othersLines, othersPasskey, vouchingView, wordView, type OthersPasskey } from './passkeys-view.js';
import type { Session } from './person-command.js';
import type { Shell } from './shell.js';

export interface Vouching {
  readonly passkey: string;
  /** The sandbox person whose passkey signs. */
  readonly person: string;
  /** The person is not asked whether they are sure. */
  readonly yes: boolean;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** @throws CommandFailure when anything is refused, differs, or the person leaves; then nothing was signed. */
export async function vouchFor(
  shell: Shell,
  { api, place }: Session,
  { passkey, person, yes }: Vouching,
): Promise<OthersPasskey> {
  const shown = await api.get(`/v1/passkeys/${passkey}`, othersPasskey);
  for (const line of othersLines(shown)) shell.tell(line);
  if (!yes) await beSure(shell);

  const { hostname, origin } = new URL(place.api);
  const { statement, hash, rpId, expiresAt } = await api.post(`/v1/passkeys/${passkey}/vouchings`, {}, vouchingView);
  // What is signed is what was shown; the API is not asked to be believed.
  if (statement.passkey !== shown.id) throw differs('passkey');
  if (fingerprintOf(statement, sha256) !== shown.fingerprint) throw differs('fingerprint');
  if (vouchingHash(statement, sha256) !== hash) throw differs('hash');
  if (rpId !== hostname) throw differs('site');

  // The way in was refused before, where there is no sandbox.
  if (!place.sandbox) throw new CommandFailure(2, 'sandbox.refused', 'There is no sandbox here.');
  const { softwarePasskey } = await import('@countersign/sandbox'); // not installed in production
  const own = softwarePasskey(place.sandbox.credentials, person);
  if (!own.holds(rpId)) {
    const next = `countersign passkeys enrol --sandbox-person ${person}`;
    throw new CommandFailure(
      1,
      'passkey.missing',
      `You sign your word with a passkey, and ${person} has none: ${next}`,
    );
  }
  shell.tell(`Signing takes your passkey, until ${localTime(expiresAt)}.`);
  const assertion = assertionSchema.parse(own.get({ challenge: hash, rpId, origin }));
  return send(api, { vouching: statement.vouching, assertion });
}

async function beSure(shell: Shell): Promise<void> {
  if (!shell.interactive) throw wrongUse('Nobody can be asked here whether they are sure: compare it, then add --yes.');
  if (await shell.confirm('Has its owner read you this very fingerprint, and do you know that it is them?')) return;
  throw new CommandFailure(1, 'vouching.left', 'Nothing was signed.');
}

function differs(what: string): CommandFailure {
  const words = `What is to be signed is not what was shown (${what}). Nothing was signed; report it.`;
  return new CommandFailure(1, 'vouching.differs', words);
}

const passing: readonly string[] = ['api.unreachable', 'unavailable', 'vote.busy'];

/** The same word may be sent again, and hears the same answer. */
async function send(api: Api, word: object): Promise<OthersPasskey> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const answer = await api.post('/v1/vouchings', word, wordView).catch((error: unknown) => {
      if (error instanceof CommandFailure && passing.includes(error.code) && attempt < 5) return undefined;
      throw error;
    });
    if (answer?.status === 'vouched') return answer.passkey;
    await sleep(attempt * 500);
  }
  throw new CommandFailure(1, 'vouching.pending', 'Whether your word counts is not known yet: run the same again.');
}
