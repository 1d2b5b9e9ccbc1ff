/** A sandbox identity provider, and a browser that signs in wherever the command line sends it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headlessSignIn } from '../../../sandbox/src/idp/headless.js';
import { startIdentityProvider, type RunningIdentityProvider } from '../../../sandbox/src/idp/server.js';
import { sandboxCredentials } from '../../../sandbox/src/idp/state.js';
import { placesIn } from '../../../src/cli/dev/state-folder.js';
import { keyPair } from '../../support/stack.js';
import { cloneInOwnRealm } from '../../support/own-realm.js';

cloneInOwnRealm();

export interface IdpStage {
  readonly idp: RunningIdentityProvider;
  /** Of a development stack that has nothing but this. */
  readonly state: string;
  /** Where its people's credentials lie. */
  readonly stateDir: string;
  /** The one agent that it knows, and where its key lies. */
  readonly agent: { readonly agent: string; readonly keyFile: string };
  /** Walks the pages of the address as this person, then follows the redirect as browsers do. */
  browse(person: string, url: URL): Promise<Response>;
  close(): Promise<void>;
}

export async function idpStage(apiResource: string): Promise<IdpStage> {
  const state = mkdtempSync(join(tmpdir(), 'cli-state-'));
  const stateDir = placesIn(state).idp;
  const { privateJwk, publicJwk } = await keyPair('ES384');
  const agent = { agent: 'triage-agent', keyFile: join(state, 'triage-agent.jwk') };
  writeFileSync(agent.keyFile, JSON.stringify(privateJwk));
  const agents = [
    { clientId: agent.agent, jwks: { keys: [publicJwk] }, scope: 'actions:request actions:read actions:release' },
  ];
  const options = { port: 0, issuerHost: 'localhost', stateDir, apiResource, agents, consoleRedirects: [] };
  const idp = await startIdentityProvider({ ...options, totpPeriod: 2 });
  return {
    idp,
    state,
    stateDir,
    agent,
    async browse(person, authorizationUrl) {
      const redirectUri = authorizationUrl.searchParams.get('redirect_uri') ?? '';
      const answer = { ...sandboxCredentials(stateDir, person), authorizationUrl, redirectUri };
      return fetch(await headlessSignIn(answer));
    },
    async close() {
      await idp.close();
      rmSync(state, { recursive: true });
    },
  };
}
