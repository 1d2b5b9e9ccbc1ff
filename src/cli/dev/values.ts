import type { ProcessName } from '../../config/environment.js';
import type { Login } from '../../database/logins.js';
import { codecClientId, fhirClientId, type ConfigFiles, type Urls } from './config-files.js';
import { devNamespace } from './engines.js';
import { devTenant } from './first-directory.js';
import type { Ports } from './ports.js';
import { loginUrl, type Values } from './process-environment.js';
import type { Secrets } from './secrets.js';
import type { Places } from './state-folder.js';

export interface Facts {
  readonly urls: Urls;
  readonly ports: Ports;
  readonly files: ConfigFiles;
  readonly places: Places;
  readonly secrets: Secrets;
  /** URL of the administrator. */
  readonly database: string;
}

/** Which database login each process has; `migrate` has the administrator's. */
const loginOf: Readonly<Record<Exclude<ProcessName, 'migrate'>, Login>> = {
  api: 'api',
  governance: 'governance',
  ehr: 'ehr',
  signer: 'signer',
  codec: 'codec',
};

/** Every variable of one process of the stack; {@link environmentOf} hands it those that it reads. */
export function valuesOf({ urls, ports, files, places, secrets, database }: Facts, name: ProcessName): Values {
  return {
    COUNTERSIGN_MODE: 'development',
    COUNTERSIGN_TENANT: devTenant.id,
    ...(name === 'migrate'
      ? { COUNTERSIGN_ADMIN_DATABASE_URL: database }
      : { COUNTERSIGN_DATABASE_URL: loginUrl(database, loginOf[name], secrets.passwords[loginOf[name]]) }),
    COUNTERSIGN_LOGIN_PASSWORDS_FILE: files.passwords,
    COUNTERSIGN_DIRECTORY_FILE: files.directory,
    COUNTERSIGN_TRUST_ROOTS_FILE: files.trustRoots,
    COUNTERSIGN_POLICIES_DIR: files.policies,
    COUNTERSIGN_TEMPORAL_ADDRESS: urls.temporal,
    COUNTERSIGN_TEMPORAL_NAMESPACE: devNamespace,
    COUNTERSIGN_KEYRING: `folder:${places.keyring}`,
    COUNTERSIGN_API_PORT: String(ports.api),
    COUNTERSIGN_API_URL: urls.api,
    COUNTERSIGN_WARRANT_KEY_FILE: secrets.warrant.file,
    COUNTERSIGN_FHIR_URL: urls.fhir,
    COUNTERSIGN_FHIR_CLIENT_ID: fhirClientId,
    COUNTERSIGN_FHIR_KEY_FILE: secrets.fhirClient.file,
    COUNTERSIGN_LOG_KEY_FILE: places.logKey,
    COUNTERSIGN_SIGNER_STATE: places.signer,
    COUNTERSIGN_ISSUER: urls.issuer,
    COUNTERSIGN_CODEC_CLIENT_ID: codecClientId,
    COUNTERSIGN_CODEC_PORT: String(ports.codec),
    COUNTERSIGN_CODEC_URL: urls.codec,
    COUNTERSIGN_UI_URL: urls.temporalUi,
    COUNTERSIGN_UI_PROXY_PORT: String(ports.ui),
    COUNTERSIGN_UI_PROXY_URL: urls.ui,
  };
}
