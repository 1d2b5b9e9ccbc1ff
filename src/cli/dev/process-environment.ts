/** Gives each process of a development stack the variables that it reads, and no more: passwords stay apart. */
import { processVariables, readEnvironment, type ProcessName, type Variable } from '../../config/environment.js';
import { databaseRole, type Login } from '../../database/logins.js';

export type Values = Readonly<Partial<Record<Variable, string>>>;

/** Of the surrounding environment: what programs need to run at all. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'] as const;

export function baseEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(inherited.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** @throws EnvironmentError when `values` lack something: a mistake of ours, told before the process is started. */
export function environmentOf(process: ProcessName, values: Values, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = processVariables[process].flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]]));
  const given: NodeJS.ProcessEnv = { ...baseEnvironment(env), ...Object.fromEntries(own) };
  readEnvironment(process, given);
  return given;
}

/** The database under the login of one process. */
export function loginUrl(administrator: string, login: Login, password: string): string {
  const url = new URL(administrator);
  url.username = databaseRole(login);
  url.password = password;
  return url.href;
}
