/** The sandbox identity provider: OpenID Connect on a real socket, for the sandbox people and the agents given. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { interact, interactionPath } from './interaction.js';
import { loadOidcLibrary } from './library.js';
import { createProvider, type AgentClient } from './provider.js';
import { signInDesk } from './sign-in.js';
import { everyonesCredentials, loadProviderSecrets } from './state.js';

export interface IdentityProviderOptions {
  /** Loopback address to listen on: 127.0.0.1 unless told. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Host name in the issuer, `localhost` for instance; the address listened on unless told. */
  readonly issuerHost?: string;
  /** Keys and people lie here and outlive a restart; sessions do not. */
  readonly stateDir: string;
  /** Audience of every access token. */
  readonly apiResource: string;
  readonly agents: readonly AgentClient[];
  /** Redirect addresses of the web console. */
  readonly consoleRedirects: readonly string[];
  /** Seconds that a one-time code lasts, for people made by this start: 30. Tests that sign in often want it short. */
  readonly totpPeriod?: number;
}

export interface RunningIdentityProvider {
  /** Without a slash at its end. */
  readonly issuer: string;
  readonly close: () => Promise<void>;
}

/** @throws Error when the port is taken or the state folder cannot be read or written. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<RunningIdentityProvider> {
  const { host = '127.0.0.1', issuerHost = host, stateDir, totpPeriod = 30 } = options;
  const library = await loadOidcLibrary();
  const desk = signInDesk(everyonesCredentials(stateDir, totpPeriod));
  const secrets = await loadProviderSecrets(stateDir);

  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const authority = `${issuerHost}:${port}`;
  const issuer = `http://${authority}`; // the issuer holds the port, so listening comes first

  const provider = createProvider({ ...options, library, issuer, secrets });
  const protocol = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // Addresses in answers are made from the Host header: one that is not ours is answered by nobody.
    if (request.headers.host !== authority) return void response.writeHead(421).end();
    if (!interactionPath.test(request.url ?? '')) return void protocol(request, response);
    interact({ library, provider, desk }, request, response).catch((error: unknown) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });

  return {
    issuer,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
