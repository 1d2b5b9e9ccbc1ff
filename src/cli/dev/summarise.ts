import type { Urls } from './config-files.js';
import { devNamespace } from './engines.js';
import { devOrigin, devTenant } from './first-directory.js';
import type { Sandbox } from './sandbox.js';
import type { Secrets } from './secrets.js';
import type { Places } from './state-folder.js';
import type { DevSummary } from './summary.js';

export interface Told {
  readonly sandbox: Sandbox;
  readonly state: string;
  readonly places: Places;
  readonly urls: Urls;
  readonly vkey: string;
  readonly secrets: Secrets;
  readonly database: string;
}

/** Everything that a stack tells about itself but its pids, which change. */
export function summarise({ sandbox, state, places, urls, vkey, secrets, database }: Told): DevSummary {
  const { api, issuer, fhir, ui, codec, temporal } = urls;
  return {
    ready: true,
    state,
    pid: process.pid,
    tenant: devTenant.id,
    origin: devOrigin,
    vkey,
    namespace: devNamespace,
    urls: { api, issuer, fhir, ui, codec, temporal, database },
    processes: {},
    people: sandbox.sandboxPeople.map(({ sub, name, roles }) => {
      const { password, totpSecret } = sandbox.sandboxCredentials(places.idp, sub);
      return { person: sub, name, roles: [...roles], password, totpSecret };
    }),
    agents: Object.entries(secrets.agents).map(([agent, { file }]) => ({ agent, keyFile: file })),
  };
}
