/** What the demo's steps act through: the example agent, our own command line, and the operator's view of Temporal. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { projectFolder } from '../../config/project-folder.js';
import { principalToken } from '../sign-in/agent.gateway.js';
import { signInAt } from '../sign-in/code-flow.gateway.js';
import { findPlace } from '../sign-in/place.js';
import { sandboxWay } from '../sign-in/sandbox-way.js';
import { readSummary } from '../dev/read-summary.js';
import type { DevSummary } from '../dev/summary.js';
import { ehrControl, type DemoPatient, type EhrControl } from './ehr-control.gateway.js';
import { runProgram, type Ran } from './run-node.js';

const saidSchema = z.union([
  z.looseObject({ waiting: z.string(), type: z.string() }),
  z.looseObject({ asked: z.string(), status: z.string() }),
]);
/** A line of the agent's: it waits for an action, or has the answer to what it asked. */
export type Said = z.infer<typeof saidSchema>;
export type Answer = Extract<Said, { asked: string }>;

export interface AgentRun {
  readonly agent?: string;
  /** Of examples/; `agent` unless told. */
  readonly program?: 'agent' | 'documentation-agent';
  readonly args: readonly string[];
  /** What people do while the agent waits for them. */
  readonly onWaiting?: (action: string, type: string) => Promise<void>;
}

export interface Stage {
  readonly dev: DevSummary;
  /** Below the state folder: evidence and whatever else the steps keep. */
  readonly folder: string;
  readonly patient: DemoPatient;
  readonly ehr: EhrControl;
  readonly signal: AbortSignal;
  /** The server's own view: no codec. */
  readonly temporal: Client;
  /** kill -9 of one process of the stack; its supervisor starts it again. */
  kill(name: string): void;
  /** Runs an agent of examples/ to its end. @throws Error when it fails, or says something else than the answers. */
  runAgent(run: AgentRun): Promise<readonly Answer[]>;
  /** `countersign ARGS` against this stack. @throws Error when it does not exit with 0. */
  countersign(args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** The principal of everything in the demo: she treats the patients, and an agent acts for her. */
const principal = 'chen';

export async function openStage(dev: DevSummary, folder: string, signal: AbortSignal): Promise<Stage> {
  const connection = await Connection.connect({ address: dev.urls.temporal });
  const principalTokens = new Map<string, Promise<string>>();
  const ehr = ehrControl(dev);
  const environment = { ...process.env, COUNTERSIGN_STATE: dev.state };

  const tokenFor = (agent: string): Promise<string> => {
    const known = principalTokens.get(agent) ?? actFor(dev, agent);
    principalTokens.set(agent, known);
    return known;
  };

  return {
    dev,
    folder,
    signal,
    patient: await demoPatient(ehr),
    ehr,
    temporal: new Client({ connection, namespace: dev.namespace }),

    kill(name) {
      const pid = readSummary(dev.state)?.processes[name];
      if (pid === undefined) throw new Error(`the stack has no process ${name}`);
      process.kill(pid, 'SIGKILL');
    },

    async runAgent({ program = 'agent', agent = 'triage-agent', args, onWaiting }) {
      const people: Promise<void>[] = [];
      const answers: Answer[] = [];
      const ran = await runProgram(process.execPath, [exampleOf(program), ...args], {
        signal,
        env: {
          ...process.env,
          COUNTERSIGN_URL: dev.urls.api,
          COUNTERSIGN_ISSUER: dev.urls.issuer,
          AGENT_ID: agent,
          AGENT_KEY_FILE: keyFileOf(dev, agent),
          PRINCIPAL_TOKEN: await tokenFor(agent),
        },
        onLine: (line) => {
          const said = saidSchema.parse(JSON.parse(line));
          if (!isAnswer(said)) people.push(onWaiting?.(said.waiting, said.type) ?? Promise.resolve());
          else answers.push(said);
        },
      });
      await Promise.all(people);
      if (ran.code !== 0) throw failed('the agent', ran);
      return answers;
    },

    async countersign(args) {
      const ran = await runProgram(process.execPath, [commandLine, ...args], { signal, env: environment });
      if (ran.code !== 0) throw failed(`countersign ${args[0] ?? ''} ${args[1] ?? ''}`, ran);
      return ran.stdout;
    },

    close: () => connection.close(),
  };
}

function isAnswer(said: Said): said is Answer {
  return 'asked' in said;
}

/** This very program. */
export const commandLine = fileURLToPath(new URL('../main.js', import.meta.url));

function exampleOf(program: string): string {
  return join(projectFolder(), 'dist', 'examples', `${program}.js`);
}

function keyFileOf({ agents }: DevSummary, agent: string): string {
  const found = agents.find((each) => each.agent === agent);
  if (!found) throw new Error(`the stack has no ${agent}`);
  return found.keyFile;
}

async function actFor(dev: DevSummary, agent: string): Promise<string> {
  const place = findPlace(dev.state, {});
  const way = await sandboxWay(place, principal);
  try {
    const signIn = await signInAt(place, way);
    const keyFile = keyFileOf(dev, agent);
    return await principalToken({ issuer: dev.urls.issuer, api: dev.urls.api, agent, keyFile, signIn });
  } finally {
    await way.close();
  }
}

async function demoPatient(ehr: EhrControl): Promise<DemoPatient> {
  const [patient] = await ehr.patients();
  if (!patient) throw new Error('the sandbox EHR has no patient to show');
  return patient;
}

function failed(what: string, { code, stderr, stdout }: Ran): Error {
  const words = (stderr.trim() || stdout.trim()).split('\n').slice(-6).join('\n    ');
  return new Error(`${what} ended with ${code}:\n    ${words}`);
}
