/** The files that the processes of a development stack are configured by; all of them only their owner may read. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DateTime } from 'luxon';
import { projectFolder } from '../../config/project-folder.js';
import { warrantIssuerName } from '../../warrant/issuer.js';
import { tenant } from '../../action/ids.js';
import type { TrustRoots } from '../../rulebook/trust-roots.js';
import { devDirectory, devTenant } from './first-directory.js';
import { writeDevPolicies } from './policies.js';
import type { Ports } from './ports.js';
import type { Sandbox } from './sandbox.js';
import type { Secrets } from './secrets.js';
import type { Places } from './state-folder.js';

/** Addresses that are known before anything runs. `localhost`, because cookies and passkeys know no 127.0.0.1. */
export function urlsOf(ports: Ports) {
  return {
    api: `http://localhost:${ports.api}`,
    issuer: `http://localhost:${ports.idp}`,
    codec: `http://localhost:${ports.codec}`,
    ui: `http://localhost:${ports.ui}`,
    temporalUi: `http://127.0.0.1:${ports.temporalUi}`,
    fhir: `http://127.0.0.1:${ports.ehr}/fhir`,
    temporal: `127.0.0.1:${ports.temporal}`,
  };
}

export type Urls = ReturnType<typeof urlsOf>;

export interface ConfigParts {
  readonly sandbox: Sandbox;
  readonly places: Places;
  readonly ports: Ports;
  readonly urls: Urls;
  readonly secrets: Secrets;
  readonly vkey: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Client id of the ehr worker at the sandbox EHR. */
export const fhirClientId = 'countersign';
export const codecClientId = 'countersign-codec';
const cliClientId = 'countersign-cli';
const consoleClientId = 'countersign-console';

export interface ConfigFiles {
  readonly idp: string;
  readonly ehr: string;
  readonly passwords: string;
  readonly directory: string;
  readonly trustRoots: string;
  readonly policies: string;
  /** Somebody edited those that were written there before: they stay. */
  readonly policiesKept: boolean;
}

export function writeConfig({ sandbox, places, ports, urls, secrets, vkey, env }: ConfigParts): ConfigFiles {
  mkdirSync(places.config, { recursive: true, mode: 0o700 });
  const put = (name: string, content: unknown): string => {
    const file = places.configOf(name);
    writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    return file;
  };
  const patients = samplePatients(env);
  const written = writeDevPolicies(join(projectFolder(), 'policies'), places.policies);
  return {
    idp: put('idp', {
      port: ports.idp,
      issuerHost: 'localhost',
      stateDir: places.idp,
      apiResource: urls.api,
      agents: Object.entries(secrets.agents).map(([clientId, { publicJwk }]) => ({
        clientId,
        jwks: { keys: [publicJwk] },
        scope: sandbox.agentScopes.join(' '),
      })),
      consoleRedirects: ['passkeys', 'approve', 'rulebook'].map((page) => `${urls.api}/pages/${page}`),
    }),
    ehr: put('ehr', {
      port: ports.ehr,
      stateDir: places.ehr,
      clients: [{ id: fhirClientId, jwks: { keys: [secrets.fhirClient.publicJwk] }, scope: 'system/*.crus' }],
      controlToken: secrets.ehrControl,
      ...(patients !== undefined && { bundlesDir: patients }),
    }),
    passwords: put('login-passwords', secrets.passwords),
    directory: put('directory', devDirectory(urls.issuer, sandbox.sandboxPeople, DateTime.utc())),
    trustRoots: put('trust-roots', {
      issuers: [
        {
          issuer: urls.issuer,
          audiences: [urls.api],
          clients: [cliClientId, consoleClientId],
          jwksUri: `${urls.issuer}/jwks`,
        },
      ],
      warrantIssuers: [
        { iss: warrantIssuerName(tenant(devTenant.id)), jwks: { keys: [ed25519(secrets.warrant.publicJwk)] } },
      ],
      logs: [vkey],
      rpIds: ['localhost'],
    } satisfies TrustRoots),
    policies: places.policies,
    policiesKept: written === 'kept',
  };
}

/** Its schema is strict: exactly these members. */
function ed25519({ kid = '', x = '' }: { readonly kid?: string; readonly x?: string }) {
  return { kty: 'OKP', crv: 'Ed25519', kid, x, alg: 'EdDSA', use: 'sig' } as const;
}

/** Synthea bundles: `COUNTERSIGN_SAMPLE_FHIR`, else the shared folder beside the clone; else people are generated. */
function samplePatients(env: NodeJS.ProcessEnv): string | undefined {
  const asked = env['COUNTERSIGN_SAMPLE_FHIR'];
  if (asked) {
    if (!existsSync(asked)) throw new Error('COUNTERSIGN_SAMPLE_FHIR names a folder that does not exist.');
    return resolve(asked);
  }
  const beside = join(dirname(projectFolder()), 'shared', 'data', 'fhir');
  return existsSync(beside) ? beside : undefined;
}
