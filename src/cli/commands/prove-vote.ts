/** The proof of one vote: a sign-in for these very bytes, or the signature of a passkey under them. */
import { assertionSchema, type Assertion } from '../../passkey/assertion.js';
import type { Proof } from '../../approval/envelope.js';
import type { Approval } from './approval-view.js';
import { CommandFailure } from './failure.js';
import type { Session } from './person-command.js';

/** What the person is told before they sign. */
export function signingText({ method, fresh }: Approval['proof'], until: string): string {
  const how =
    method === 'idp' ? 'a sign-in of its own' : fresh ? 'your passkey, and a sign-in of its own' : 'your passkey';
  return `Signing takes ${how}, until ${until}.`;
}

/**
 * A passkey of a real person signs in their browser only; here it is a sandbox person's.
 *
 * @throws CommandFailure `passkey.missing` for a sandbox person who has enrolled none here, `vote.not_vouched` where the
 * tier takes one that somebody vouched for.
 */
export async function proveVote(
  session: Session,
  { proof, rpId, credentials }: Approval,
  hash: string,
): Promise<Proof> {
  const { signIn } = session;
  if (proof.method === 'idp') return { kind: 'idp', idToken: await signIn.voteToken(hash) };
  const sign = await sandboxPasskey(session, rpId);
  if (proof.vouched && credentials.length === 0) {
    const next = 'countersign passkeys list says how.';
    throw new CommandFailure(1, 'vote.not_vouched', `This vote takes a passkey that a colleague vouched for: ${next}`);
  }
  const assertion = sign(hash);
  return { kind: 'passkey', ...assertion, ...(proof.fresh && { idToken: await signIn.voteToken(hash) }) };
}

/** Signs with a sandbox person's passkey. @throws CommandFailure `passkey.missing` where they have none. */
export async function sandboxPasskey(
  { place, sandboxPerson }: Session,
  rpId: string | null,
): Promise<(hash: string) => Assertion> {
  const { hostname, origin } = new URL(place.api);
  if (!place.sandbox || sandboxPerson === undefined)
    throw new CommandFailure(2, 'sandbox.refused', 'Only a sandbox person has a passkey in this program.');
  if (rpId !== hostname)
    throw new CommandFailure(1, 'ballot.differs', 'The API asks for a key of another site than its own. Report it.');
  const { softwarePasskey } = await import('@countersign/sandbox'); // not installed in production
  const passkey = softwarePasskey(place.sandbox.credentials, sandboxPerson);
  if (!passkey.holds(rpId)) {
    const next = `countersign passkeys enrol --sandbox-person ${sandboxPerson}`;
    throw new CommandFailure(1, 'passkey.missing', `This takes a passkey, and ${sandboxPerson} has none: ${next}`);
  }
  return (hash) => assertionSchema.parse(passkey.get({ challenge: hash, rpId, origin }));
}

/** The page of the API on which a person votes with their own passkey. */
export function votePage(api: string, action: string): URL {
  const page = new URL('/pages/approve', api);
  page.searchParams.set('action', action);
  return page;
}
