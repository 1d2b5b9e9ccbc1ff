/**
 * The environment variables of every process, parsed once at start into a frozen object. There is no default keyring,
 * issuer or password; a missing variable is named, its value never.
 */
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const file = z.string().min(1);

/** Name → shape and what it is for; deploy/ and docs/ are checked against this table. */
const variables = {
  COUNTERSIGN_MODE: z.enum(['development', 'production']).describe('production refuses every stand-in'),
  COUNTERSIGN_TENANT: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/)
    .describe('the tenant that this process serves'),
  COUNTERSIGN_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('PostgreSQL, with this process’s own login'),
  COUNTERSIGN_TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^:/]+:\d+$/)
    .describe('host:port of the Temporal frontend'),
  COUNTERSIGN_TEMPORAL_NAMESPACE: z.string().min(1).describe('Temporal namespace'),
  COUNTERSIGN_TEMPORAL_CA_FILE: file.optional().describe('CA of the Temporal frontend; its presence turns TLS on'),
  COUNTERSIGN_TEMPORAL_CERT_FILE: file.optional().describe('client certificate for mutual TLS'),
  COUNTERSIGN_TEMPORAL_KEY_FILE: file.optional().describe('key of that certificate'),
  COUNTERSIGN_KEYRING: z
    .string()
    .regex(/^folder:.+$/)
    .describe('where KEKs lie: folder:/absolute/path (development)'),
  COUNTERSIGN_HEALTH_PORT: port.optional().describe('GET /healthz of a worker or the signer'),
  COUNTERSIGN_API_HOST: z.string().default('127.0.0.1').describe('address that the API listens on'),
  COUNTERSIGN_API_PORT: port.describe('port that the API listens on'),
  COUNTERSIGN_API_URL: z.url().describe('public URL of the API: the audience of every access token'),
  COUNTERSIGN_WARRANT_KEY_FILE: file.describe('private JWK (Ed25519) that signs warrants'),
  COUNTERSIGN_FHIR_URL: z.url().describe('FHIR R4 base URL of the EHR'),
  COUNTERSIGN_FHIR_CLIENT_ID: z.string().min(1).describe('SMART Backend Services client id'),
  COUNTERSIGN_FHIR_KEY_FILE: file.describe('private JWK (ES384) of that client'),
  COUNTERSIGN_LOG_KEY_FILE: file.describe('C2SP note signer key of the audit log'),
  COUNTERSIGN_SIGNER_STATE: file.describe('folder of the signer’s own high-water mark, outside PostgreSQL'),
  COUNTERSIGN_ISSUER: z.url().describe('OIDC issuer that operators sign in with'),
  COUNTERSIGN_CODEC_CLIENT_ID: z.string().min(1).describe('OIDC client of the codec server'),
  COUNTERSIGN_CODEC_HOST: z.string().default('127.0.0.1').describe('address that codec server and UI proxy listen on'),
  COUNTERSIGN_CODEC_PORT: port.describe('port of the codec server'),
  COUNTERSIGN_CODEC_URL: z.url().describe('public URL of the codec server'),
  COUNTERSIGN_UI_URL: z.url().describe('the Temporal UI that the proxy stands before'),
  COUNTERSIGN_UI_PROXY_PORT: port.describe('port of the proxy to the Temporal UI'),
  COUNTERSIGN_UI_PROXY_URL: z
    .url()
    .optional()
    .describe('public URL of that proxy, on the codec server’s host name; unless told, the same URL with its own port'),
  COUNTERSIGN_ADMIN_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('PostgreSQL login that may migrate'),
  COUNTERSIGN_LOGIN_PASSWORDS_FILE: file.optional().describe('JSON: login → password, set by countersign migrate'),
  COUNTERSIGN_DIRECTORY_FILE: file.optional().describe('JSON: tenant, people, agents, vendors of the first directory'),
  COUNTERSIGN_POLICIES_DIR: file.optional().describe('folder of the rulebook’s YAML files; default: the ones shipped'),
  COUNTERSIGN_TRUST_ROOTS_FILE: file.optional().describe('JSON: issuers, warrant issuers and log keys of the rulebook'),
  COUNTERSIGN_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info').describe('pino level'),
} as const;

export type Variable = keyof typeof variables;

const everyProcess = ['COUNTERSIGN_MODE', 'COUNTERSIGN_TENANT', 'COUNTERSIGN_LOG_LEVEL'] as const;
const temporal = [
  'COUNTERSIGN_TEMPORAL_ADDRESS',
  'COUNTERSIGN_TEMPORAL_NAMESPACE',
  'COUNTERSIGN_TEMPORAL_CA_FILE',
  'COUNTERSIGN_TEMPORAL_CERT_FILE',
  'COUNTERSIGN_TEMPORAL_KEY_FILE',
] as const;
const keyed = ['COUNTERSIGN_DATABASE_URL', 'COUNTERSIGN_KEYRING'] as const;

/** Which variables each process reads. */
export const processVariables = {
  migrate: [
    ...everyProcess,
    'COUNTERSIGN_ADMIN_DATABASE_URL',
    'COUNTERSIGN_LOGIN_PASSWORDS_FILE',
    'COUNTERSIGN_DIRECTORY_FILE',
    'COUNTERSIGN_TRUST_ROOTS_FILE',
    'COUNTERSIGN_POLICIES_DIR',
  ],
  api: [...everyProcess, ...temporal, ...keyed, 'COUNTERSIGN_API_HOST', 'COUNTERSIGN_API_PORT', 'COUNTERSIGN_API_URL'],
  governance: [
    ...everyProcess,
    ...temporal,
    ...keyed,
    'COUNTERSIGN_FHIR_URL',
    'COUNTERSIGN_WARRANT_KEY_FILE',
    'COUNTERSIGN_HEALTH_PORT',
  ],
  ehr: [
    ...everyProcess,
    ...temporal,
    ...keyed,
    'COUNTERSIGN_FHIR_URL',
    'COUNTERSIGN_FHIR_CLIENT_ID',
    'COUNTERSIGN_FHIR_KEY_FILE',
    'COUNTERSIGN_HEALTH_PORT',
  ],
  signer: [
    ...everyProcess,
    'COUNTERSIGN_DATABASE_URL',
    'COUNTERSIGN_LOG_KEY_FILE',
    'COUNTERSIGN_SIGNER_STATE',
    'COUNTERSIGN_HEALTH_PORT',
  ],
  codec: [
    ...everyProcess,
    ...keyed,
    'COUNTERSIGN_API_URL',
    'COUNTERSIGN_ISSUER',
    'COUNTERSIGN_CODEC_CLIENT_ID',
    'COUNTERSIGN_CODEC_HOST',
    'COUNTERSIGN_CODEC_PORT',
    'COUNTERSIGN_CODEC_URL',
    'COUNTERSIGN_UI_URL',
    'COUNTERSIGN_UI_PROXY_PORT',
    'COUNTERSIGN_UI_PROXY_URL',
  ],
} as const satisfies Record<string, readonly Variable[]>;

export type ProcessName = keyof typeof processVariables;

export type Environment<P extends ProcessName> = Readonly<{
  [V in (typeof processVariables)[P][number]]: z.output<(typeof variables)[V]>;
}>;

/** A process that cannot start says which variables are missing or malformed, and what each is for. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Reads what this process needs, and nothing else.
 *
 * @throws EnvironmentError naming every variable that is missing or has the wrong shape.
 */
export function readEnvironment<P extends ProcessName>(name: P, env: NodeJS.ProcessEnv): Environment<P> {
  const names: readonly Variable[] = processVariables[name];
  const shape = z.object(Object.fromEntries(names.map((variable) => [variable, variables[variable]])));
  const given = Object.fromEntries(names.flatMap((variable) => (env[variable] ? [[variable, env[variable]]] : [])));
  const parsed = shape.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data as Environment<P>);
  const lines = parsed.error.issues.map(({ path }) => {
    const variable = names.find((known) => known === path[0]);
    const state = variable !== undefined && env[variable] ? 'has the wrong shape' : 'is missing';
    return `  ${String(path[0])} ${state}: ${variable === undefined ? '' : (variables[variable].description ?? '')}`;
  });
  throw new EnvironmentError([`countersign ${name} cannot start:`, ...lines].join('\n'));
}

/** What each variable is for, for the documentation and its test. */
export function describeVariables(): ReadonlyMap<Variable, string> {
  return new Map(
    Object.entries(variables).flatMap(([name, schema]) =>
      isVariable(name) ? [[name, schema.description ?? ''] as const] : [],
    ),
  );
}

function isVariable(name: string): name is Variable {
  return name in variables;
}
