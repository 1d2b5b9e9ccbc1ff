import { table, type Paint } from '../terminal.js';
import { stateFolder } from './state-folder.js';
import type { DevSummary } from './summary.js';

/** What somebody at a terminal needs to try the stack: where everything is, who they can be, and how. */
export function describeStack({ urls, namespace, people, agents, state, vkey }: DevSummary, paint: Paint): string[] {
  // A command that is typed elsewhere, or after another start, looks in the usual folder.
  const at = state === stateFolder(undefined, process.env) ? '' : ` --state ${state}`;
  const heading = (text: string): string[] => ['', paint('bold', text)];
  const indented = (rows: readonly (readonly string[])[]): string[] => table(rows).map((line) => `  ${line}`);
  return [
    ...heading('Countersign is up'),
    ...indented([
      ['API', urls.api, `OpenAPI: ${urls.api}/openapi.json`],
      ['Passkeys', `${urls.api}/pages/passkeys`, 'make one; vouch for a colleague’s'],
      ['Approvals', `${urls.api}/pages/approve`, 'see what waits for you, and sign'],
      ['Temporal UI', `${urls.ui}/namespaces/${namespace}/workflows`, 'operators sign in there to decode details'],
      ['Identity', urls.issuer],
      ['EHR (FHIR R4)', urls.fhir],
      ['Temporal', urls.temporal],
      ['Log key', vkey],
      ['State, logs', state],
    ]),
    ...heading('People'),
    ...indented([
      ['person', 'name', 'roles', 'password'],
      ...people.map(({ person, name, roles, password }) => [person, name, roles.join(', '), password]),
    ]),
    '',
    `  Ask as an agent:       countersign actions request examples/request.json --agent triage-agent --sandbox-person chen${at}`,
    `  Act as one of them:    countersign approvals list --sandbox-person amara${at}`,
    `  On the sign-in page:   person and password as above; one-time code: countersign dev code amara${at}`,
    ...heading('Agents'),
    ...indented(agents.map(({ agent, keyFile }) => [agent, `signs in with ${keyFile}`])),
    '',
    paint('dim', 'Ctrl-C ends it. Everything here is synthetic, and none of it is for production.'),
  ];
}
