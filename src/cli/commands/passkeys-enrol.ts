/** Enrols a passkey of a sandbox person: a key made for one challenge, and a sign-in for that very key. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { enrolmentNonce, registrationSchema } from '../../passkey/registration.js';
import type { Api } from '../api.gateway.js';
import { CommandFailure } from './failure.js';
import { localTime } from './local-time.js';
import { enrolledView, enrolmentView, type PasskeyView } from './passkeys-view.js';
import type { Session } from './person-command.js';
import type { Shell } from './shell.js';

/** @throws CommandFailure when the API refuses, or wants a key for another site than its own. */
export async function enrolSandboxPasskey(shell: Shell, session: Session, person: string): Promise<PasskeyView> {
  const { api, signIn, place } = session;
  const { hostname, origin } = new URL(place.api);
  // The way in was refused before, where there is no sandbox.
  if (!place.sandbox) throw new CommandFailure(2, 'sandbox.refused', 'There is no sandbox here.');
  const opened = await api.post('/v1/passkeys/enrolments', {}, enrolmentView);
  const { enrolment, challenge, rpId, user, expiresAt } = opened;
  if (rpId !== hostname) {
    const words = 'The API asks for a key of another site than its own. No key was made; report it.';
    throw new CommandFailure(1, 'enrolment.differs', words);
  }

  const { softwarePasskey } = await import('@countersign/sandbox'); // not installed in production
  const made = softwarePasskey(place.sandbox.credentials, person).create({
    challenge,
    rpId,
    origin,
    userHandle: user.id,
  });
  const registration = registrationSchema.parse(made);
  shell.tell(`Enrolling takes a sign-in of its own, until ${localTime(expiresAt)}.`);
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  const idToken = await signIn.voteToken(enrolmentNonce(challenge, registration, sha256));
  return send(api, { enrolment, registration, idToken });
}

const passing: readonly string[] = ['api.unreachable', 'identity.unreachable', 'unavailable', 'vote.busy'];

/** The same offer may be sent again, and hears the same answer. */
async function send(api: Api, offer: object): Promise<PasskeyView> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const answer = await api.post('/v1/passkeys', offer, enrolledView).catch((error: unknown) => {
      if (error instanceof CommandFailure && passing.includes(error.code) && attempt < 5) return undefined;
      throw error;
    });
    if (answer?.status === 'enrolled') return answer.passkey;
    await sleep(attempt * 500);
  }
  const next = 'Whether it is enrolled is not known yet: countersign passkeys list.';
  throw new CommandFailure(1, 'enrolment.pending', next);
}
