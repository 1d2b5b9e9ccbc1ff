export { temporalCli, temporalTestServer, type Engine } from './engines/catalogue.js';
export { ensureEngine, type EnsuredEngine } from './engines/ensure.js';
export { commandOf, freePort, startOwn, type RunningChild } from './engines/child.js';
export { startPostgres, type RunningPostgres } from './engines/postgres.js';
export { startTemporal, type RunningTemporal } from './engines/temporal.js';
export { startEhr, type EhrOptions, type RunningEhr } from './ehr/server.js';
export { canaryPatient, canaryValues } from './people/canary.js';
