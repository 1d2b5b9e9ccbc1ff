/** A request as an agent sends it, from a file or standard input, and the API as that agent sees it. */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Api } from '../api.gateway.js';
import type { AgentKey } from '../sign-in/agent.gateway.js';
import { CommandFailure, wrongUse } from './failure.js';

export interface AgentOptions {
  readonly state?: string;
  readonly agent?: string;
  readonly sandboxPerson?: string;
  readonly json?: boolean;
}

/** A command that takes a request, and says as which agent and for whom it is made. */
export function agentCommand(group: Command, usage: string, description: string): Command {
  return group
    .command(usage)
    .description(description)
    .option('--state <folder>', 'state folder of the countersign dev to talk to')
    .option('--agent <id>', 'ask as this agent of the development stack; else AGENT_ID with AGENT_KEY_FILE')
    .option(
      '--sandbox-person <name>',
      'on behalf of this sandbox person; else PRINCIPAL_TOKEN, or the one in the request',
    )
    .option('--json', 'one JSON value on standard output');
}

export interface AgentRequest {
  readonly api: Api;
  /** With its principal token. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** @throws CommandFailure where no request can be read, or nobody is named who asks, or for whom. */
export async function agentRequest(
  file: string | undefined,
  options: AgentOptions,
  env: NodeJS.ProcessEnv,
  scopes: readonly string[] = [],
): Promise<AgentRequest> {
  const request = requestOf(await read(file));
  const [{ apiAt }, { agentToken }] = await Promise.all([
    import('../api.gateway.js'),
    import('../sign-in/agent.gateway.js'),
  ]);
  const key = await keyOf(options, env);
  const principal = request['principal'] ?? (await principalOf(key, options, env));
  const token = agentToken(key, scopes);
  return { api: apiAt(key.api, () => token), body: { ...request, principal } };
}

async function read(file: string | undefined): Promise<string> {
  if (file === undefined || file === '-') {
    if (process.stdin.isTTY) throw wrongUse('Name a file with the request, or give it on standard input.');
    return text(process.stdin);
  }
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw wrongUse(`${file} cannot be read.`);
  }
}

/** What else is wrong with it the API says, with pointers. */
function requestOf(written: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(written));
  } catch {
    throw wrongUse('A request is one JSON object, as an agent sends it to POST /v1/actions.');
  }
}

async function keyOf({ state, agent }: AgentOptions, env: NodeJS.ProcessEnv): Promise<AgentKey> {
  const { findPlace } = await import('../sign-in/place.js');
  const { api, issuer } = findPlace(state, env);
  if (agent === undefined) {
    const { AGENT_ID: id, AGENT_KEY_FILE: keyFile } = env;
    if (!id || !keyFile)
      throw wrongUse('As which agent? Name --agent of a development stack, or set AGENT_ID and AGENT_KEY_FILE.');
    return { api, issuer, agent: id, keyFile };
  }
  const [{ readSummary }, { stateFolder }] = await Promise.all([
    import('../dev/read-summary.js'),
    import('../dev/state-folder.js'),
  ]);
  const agents = readSummary(stateFolder(state, env))?.agents ?? [];
  const found = agents.find((each) => each.agent === agent);
  if (found) return { api, issuer, agent, keyFile: found.keyFile };
  const known = agents.map((each) => each.agent).join(', ');
  throw new CommandFailure(2, 'agent.unknown', `The development stack has no such agent; it has ${known || 'none'}.`);
}

async function principalOf(
  key: AgentKey,
  { state, sandboxPerson }: AgentOptions,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  if (sandboxPerson === undefined) {
    const { PRINCIPAL_TOKEN: given } = env;
    if (!given) throw wrongUse('For whom? Name --sandbox-person of a development stack, or set PRINCIPAL_TOKEN.');
    return given;
  }
  const [{ findPlace }, { sandboxWay }, { signInAt }, { principalToken }] = await Promise.all([
    import('../sign-in/place.js'),
    import('../sign-in/sandbox-way.js'),
    import('../sign-in/code-flow.gateway.js'),
    import('../sign-in/agent.gateway.js'),
  ]);
  const place = findPlace(state, env);
  const way = await sandboxWay(place, sandboxPerson);
  try {
    return await principalToken({ ...key, signIn: await signInAt(place, way) });
  } finally {
    await way.close();
  }
}
