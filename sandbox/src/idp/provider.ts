/** How oidc-provider is set up here: what it offers, to whom, and what its tokens say. */
import type { ClientMetadata, Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { JSONWebKeySet } from 'jose';
import type { OidcLibrary } from './library.js';
import { memoryAdapter } from './memory-adapter.js';
import { messagePage, pageHeaders, signOutPage } from './pages.js';
import { actFor, agentScopes, personScopes, sandboxPeople, scopesOf } from './people.js';
import { acr } from './sign-in.js';
import type { ProviderSecrets } from './state.js';
import { addTokenExchange, tokenExchangeGrant } from './token-exchange.js';

export interface AgentClient {
  readonly clientId: string;
  /** Public keys, ES384 or RS384. */
  readonly jwks: JSONWebKeySet;
  /** Space-separated: the widest that it may ever ask for. */
  readonly scope: string;
}

export interface ProviderOptions {
  readonly library: OidcLibrary;
  readonly issuer: string;
  readonly secrets: ProviderSecrets;
  /** Audience of every access token: the API's resource indicator (RFC 8707). */
  readonly apiResource: string;
  readonly agents: readonly AgentClient[];
  /** Where the web console is served; without any there is no such client. */
  readonly consoleRedirects: readonly string[];
}

/** Seconds. A client assertion may be dated that far ahead at most, or its replay would be remembered for ever. */
const life = {
  personToken: 900,
  agentToken: 300,
  idToken: 300,
  code: 60,
  interaction: 600,
  session: 28_800,
  assertion: 300,
};

const consoleId = 'countersign-console';

export function createProvider(options: ProviderOptions): Provider {
  const provider = new options.library.Provider(options.issuer, configuration(options));
  addTokenExchange(provider, options);
  provider.on('server_error', (_context, error) => console.error(error));
  return provider;
}

function configuration({ library, secrets, apiResource, agents, consoleRedirects }: ProviderOptions): Configuration {
  const apiScopes = [...new Set([...agentScopes, ...personScopes])];
  return {
    adapter: memoryAdapter(),
    clients: [...personClients(consoleRedirects), ...agents.map(agentClient)],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [secrets.signingKey] },
    cookies: {
      keys: [secrets.cookieKey],
      names: { session: 'idp_session', interaction: 'idp_interaction', resume: 'idp_resume' },
    },
    scopes: ['openid', ...apiScopes],
    acrValues: Object.values(acr),
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'] }, // no profile: an ID token that travels with a vote names nobody
    responseTypes: ['code'],
    pkce: { required: () => true },
    // The console asks from the browser, so its own pages may read the answer and nobody else's.
    clientBasedCORS: (_context, origin, client) =>
      client.clientId === consoleId && consoleRedirects.some((address) => new URL(address).origin === origin),
    clientAuthMethods: ['none', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS384'], idTokenSigningAlgValues: ['ES256'] },
    assertJwtClientAuthClaimsAndHeader: (_context, { exp }) => {
      if (typeof exp !== 'number' || exp > Date.now() / 1_000 + life.assertion) {
        throw new library.errors.InvalidClientAuth('a client assertion lives five minutes at most');
      }
    },
    ttl: {
      AccessToken: life.personToken,
      ClientCredentials: life.agentToken,
      AuthorizationCode: life.code,
      IdToken: life.idToken,
      Interaction: life.interaction,
      Session: life.session,
      Grant: life.session,
    },
    interactions: { policy: signInPolicy(library), url: (_context, { uid }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => answer(context, signOutPage(form)),
        postLogoutSuccessSource: (context) => answer(context, messagePage('Signed out', 'You can close this page.')),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => apiResource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, indicator, client) => {
          if (indicator !== apiResource) throw new library.errors.InvalidTarget();
          const isAgent = client.grantTypeAllowed('client_credentials');
          return {
            scope: apiScopes.join(' '),
            audience: apiResource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: isAgent ? life.agentToken : life.personToken,
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
    findAccount: (_context, sub) =>
      sandboxPeople.some((person) => person.sub === sub) ? { accountId: sub, claims: () => ({ sub }) } : undefined,
    // RFC 9068 §2.2.1. Of agents nothing is said: they did not sign in.
    extraTokenClaims: ({ oidc }) => {
      const code = oidc.entities.AuthorizationCode;
      return code && { acr: code.acr, amr: code.amr, auth_time: code.authTime, sid: code.sessionUid };
    },
    loadExistingGrant: (context) => grantWithoutAsking(context, apiResource),
    renderError: (context, { error, error_description: description }) =>
      answer(context, messagePage('This request was refused', description ?? error)),
  };
}

/** These are our own applications, so nobody is asked to consent: a person gets what their roles allow. */
async function grantWithoutAsking({ oidc }: KoaContextWithOIDC, apiResource: string) {
  const person = sandboxPeople.find(({ sub }) => sub === oidc.session?.accountId);
  if (!person || !oidc.client) return undefined;
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: person.sub });
  grant.addOIDCScope('openid');
  grant.addResourceScope(apiResource, scopesOf(person).join(' '));
  await grant.save();
  return grant;
}

/** `acr_values` alone asks nobody while a session lives, however weak: this check does. */
function signInPolicy({ interactionPolicy }: OidcLibrary) {
  const { base, Check } = interactionPolicy;
  const policy = base();
  policy.remove('consent');
  policy.get('login')?.checks.add(
    new Check('step_up', 'a stronger sign-in is needed', ({ oidc }) => {
      const strongEnough = !needsMfa(oidc.params) || oidc.acr === acr.mfa;
      return strongEnough ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  return policy;
}

/** Whether an authorization request takes nothing weaker than both factors. */
export function needsMfa(params: { readonly acr_values?: unknown } | undefined): boolean {
  const asked = typeof params?.acr_values === 'string' ? params.acr_values.split(' ') : [];
  return asked.includes(acr.mfa) && !asked.includes(acr.password);
}

function personClients(consoleRedirects: readonly string[]): ClientMetadata[] {
  const shared = {
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
  } as const;
  const cli: ClientMetadata = {
    ...shared,
    client_id: 'countersign-cli',
    client_name: 'Countersign on the command line',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback'], // any port of it: RFC 8252 §7.3
    scope: ['openid', ...personScopes].join(' '),
  };
  const codec: ClientMetadata = {
    ...shared,
    client_id: 'countersign-codec',
    client_name: 'Countersign codec server, for the Temporal UI',
    application_type: 'native',
    redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'], // any port of them, as above
    scope: ['openid', 'operator'].join(' '),
  };
  const console: ClientMetadata = {
    ...shared,
    client_id: consoleId,
    client_name: 'Countersign console',
    application_type: 'web',
    redirect_uris: [...consoleRedirects],
    scope: ['openid', ...personScopes.filter((scope) => scope !== actFor)].join(' '),
  };
  return consoleRedirects.length === 0 ? [cli, codec] : [cli, codec, console];
}

function agentClient({ clientId, jwks, scope }: AgentClient): ClientMetadata {
  return {
    client_id: clientId,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks,
    grant_types: ['client_credentials', tokenExchangeGrant],
    response_types: [],
    redirect_uris: [],
    scope,
  };
}

function answer(context: KoaContextWithOIDC, html: string): void {
  context.set(pageHeaders);
  context.body = html;
}
