/** Signs in as a sandbox person: walks the sandbox provider's real pages with the credentials of the state folder. */
import { CommandFailure } from '../commands/failure.js';
import { isLoopback, type Place } from './place.js';
import type { Way } from './way.js';

/** Nothing listens there: the walk ends when it is sent to it. */
const redirectUri = 'http://127.0.0.1:9/callback';

/** @throws CommandFailure `sandbox.refused` for a stack whose log is no development log, or whose issuer is elsewhere. */
export async function sandboxWay({ sandbox, issuer }: Place, person: string): Promise<Way> {
  if (!sandbox?.origin.startsWith('dev.') || !isLoopback(issuer)) {
    const words = 'Sandbox people exist only in a development stack on this machine; sign in with your browser.';
    throw new CommandFailure(2, 'sandbox.refused', words);
  }
  // Not installed in production, where no fake identity provider belongs.
  const { headlessBrowser, headlessSignIn, sandboxCredentials, sandboxPeople } = await import('@countersign/sandbox');
  if (!sandboxPeople.some(({ sub }) => sub === person)) {
    const known = sandboxPeople.map(({ sub }) => sub).join(', ');
    throw new CommandFailure(2, 'sandbox.unknown', `There is no such sandbox person; there are ${known}.`);
  }
  const { totpSecret, ...credentials } = sandboxCredentials(sandbox.credentials, person);
  const browser = headlessBrowser();
  return {
    redirectUri,
    // A one-time code counts once: it is kept for where it is needed.
    visit: async ({ authorizationUrl, bothFactors }) => {
      const shown = { ...credentials, ...(bothFactors && { totpSecret }) };
      try {
        return await headlessSignIn({ ...shown, authorizationUrl, redirectUri, browser });
      } catch (error) {
        const words = error instanceof Error ? error.message : 'the provider showed something unexpected';
        throw new CommandFailure(1, 'sign_in.refused', `The sandbox sign-in failed: ${words}.`);
      }
    },
    close: async () => undefined,
  };
}
