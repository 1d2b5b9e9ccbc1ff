/** The database logins, one for each kind of process (DESIGN.md §4). What each may do is granted in migrations/. */
export const logins = ['api', 'governance', 'ehr', 'llm', 'notify', 'signer', 'codec'] as const;

export type Login = (typeof logins)[number];

/** `api` is the login `countersign_api` in PostgreSQL. */
export function databaseRole(login: Login): string {
  return `countersign_${login}`;
}
