export { temporalCli, temporalTestServer, type Engine } from './engines/catalogue.js';
export { ensureEngine, type EnsuredEngine } from './engines/ensure.js';
export { commandOf, freePort, startOwn, type RunningChild } from './engines/child.js';
export { startPostgres, type RunningPostgres } from './engines/postgres.js';
export { startTemporal, type RunningTemporal } from './engines/temporal.js';
export { startEhr, type EhrOptions, type RunningEhr } from './ehr/server.js';
export { canaryPatient, canaryValues } from './people/canary.js';
export { headlessBrowser, headlessSignIn, type HeadlessBrowser } from './idp/headless.js';
export { agentScopes, sandboxPeople, type SandboxPerson } from './idp/people.js';
export { startIdentityProvider, type RunningIdentityProvider } from './idp/server.js';
export { sandboxCredentials, type Credentials } from './idp/state.js';
export { totpCode, totpStep } from './idp/totp.js';
export {
  softwarePasskey,
  type CreatedPasskey,
  type PasskeyAssertion,
  type PasskeyOptions,
  type SoftwarePasskey,
} from './passkey/software-passkey.js';
