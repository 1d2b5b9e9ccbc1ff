/** One vote: fixed by a challenge, checked, signed by the person, sent. */
import { ballotDiffers, ballotOf } from './ballot-check.js';
import { unbase64 } from './bytes.js';
import type { Cast } from './complete-vote.js';
import { Failure } from './failure.js';
import { objectAt, textAt, type JsonObject } from './json.js';
import { localTime } from './local-time.js';
import type { Page } from './page.js';
import { patiently } from './patience.js';
import { signInFreshly } from './sign-in.js';
import { signWithPasskey, type Assertion } from './webauthn.js';

/** `signing_in`: the page is being left, and the vote is sent when it is come back to. */
export type CastVote = 'counted' | 'pending' | 'signing_in';

/** @throws Failure when anything is refused, differs, or the person leaves; then nothing was sent. */
export async function castVote(page: Page, { approval, chosen, confirmation, signature }: Cast): Promise<CastVote> {
  const { verdict, meaning, reason, roles: actingRoles } = chosen;
  const asked = { action: approval.id, verdict, meaning, reason, actingRoles, confirmation };
  const ballot = ballotOf(await page.api.post('v1/challenges', asked));
  const difference = await ballotDiffers(approval, chosen, ballot);
  if (difference !== undefined) throw differs(difference);

  const { challenge, hash, expiresAt } = ballot;
  const until = `until ${localTime(expiresAt)}`;
  if (signature === 'sign_in') {
    page.tell(`Sign in once more, ${until}: that is your signature.`);
    await signInFreshly(page.config, hash, { kind: 'vote', action: approval.id, challenge, assertion: null });
    return 'signing_in';
  }
  page.tell(`Sign with your passkey, ${until}.`);
  const { rpId, credentials } = approval;
  const assertion = await signWithPasskey({ hash: unbase64(hash), rpId: rpId ?? location.hostname, credentials });
  if (signature === 'passkey') return send(page, challenge, passkeyProof(assertion));
  page.tell(`Now sign in once more, ${until}.`);
  await signInFreshly(page.config, hash, { kind: 'vote', action: approval.id, challenge, assertion });
  return 'signing_in';
}

/** Sends the vote that the sign-in was for. */
export async function finishVote(page: Page, errand: JsonObject): Promise<'counted' | 'pending'> {
  const { idToken } = page.signedIn;
  const proof =
    errand['assertion'] === null
      ? { kind: 'idp', idToken }
      : { ...passkeyProof(objectAt(errand, 'assertion')), idToken };
  return send(page, textAt(errand, 'challenge'), proof);
}

function passkeyProof(assertion: Assertion | JsonObject): JsonObject {
  return { ...assertion, kind: 'passkey' };
}

async function send({ api, tell }: Page, challenge: string, proof: JsonObject): Promise<'counted' | 'pending'> {
  tell('Sending your vote …');
  const { status } = await patiently(() => api.post('v1/votes', { challenge, proof }));
  return status === 'counted' ? 'counted' : 'pending';
}

function differs(what: string): Failure {
  const words = `What is to be signed is not what was shown or chosen (${what}). Nothing was signed; report it.`;
  return new Failure('ballot.differs', words);
}
