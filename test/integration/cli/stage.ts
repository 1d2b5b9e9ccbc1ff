/** The people's commands before a whole stack: API on a real socket, people who sign in at the sandbox provider. */
import { Command } from 'commander';
import type { ActionId } from '../../../src/action/ids.js';
import { CommandFailure } from '../../../src/cli/commands/failure.js';
import type { Shell } from '../../../src/cli/commands/shell.js';
import { writeSummary } from '../../../src/cli/dev/read-summary.js';
import { inTenant } from '../../../src/database/transaction.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { readPolicyFolder } from '../../../src/rulebook/policy-folder.node.js';
import { activateRulebook, activeDigest, findRulebook, storeRulebook } from '../../../src/rulebook/rulebook.store.js';
import { request, requestChange, type ChangeOptions, type RequestOptions } from '../../support/asking.js';
import { clinic, type Stack } from '../../support/stack.js';
import { apiStage } from '../api/stage.js';
import { frontOf, type Front } from './front.js';
import { idpStage, type IdpStage } from './idp-stage.js';

interface Ran {
  readonly exit: number;
  /** Standard output and standard error. */
  readonly out: string;
  readonly err: string;
}

/** Who sits at the terminal, if anybody does. */
export interface Seat {
  /** Their answer when asked whether they are sure. */
  readonly sure?: boolean;
  /** What they type when asked to. */
  readonly types?: string;
  /** They sign in as this person wherever the browser is opened. */
  readonly browsesAs?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface CliStage {
  readonly stack: Stack;
  readonly url: string;
  readonly idp: IdpStage;
  /** A question to a clinician that waits for a vote; its id. */
  asked(options?: RequestOptions): Promise<string>;
  /** A change of the canary's record that was prepared and waits; its id. */
  askedToChange(options?: ChangeOptions): Promise<ActionId>;
  run(command: (shell: Shell) => Command, args: readonly string[], seat?: Seat): Promise<Ran>;
  /** Makes the API lie about one path. */
  readonly lie: Front['lie'];
  /** Paths that the API answered. */
  readonly answered: Front['answered'];
  stop(): Promise<void>;
}

export async function cliStage(): Promise<CliStage> {
  const { stack, url: behind, stop } = await apiStage();
  const front = await frontOf(behind);
  const { url } = front;
  const idp = await idpStage(url);
  await trustProvider(stack, url, idp.idp.issuer);
  writeSummary({ ...summaryOf(idp.state, url, idp.idp.issuer), agents: [idp.agent] });

  return {
    stack,
    url,
    idp,
    async asked(options) {
      const { action, admitted } = await request(stack, 'medications.read', options);
      await admitted;
      return action;
    },
    askedToChange: (options) => requestChange(stack, options),
    async run(command, args, { sure, types = '', browsesAs, env = { COUNTERSIGN_STATE: idp.state } } = {}) {
      const out: string[] = [];
      const err: string[] = [];
      const shell: Shell = {
        env,
        print: (line) => void out.push(line),
        tell: (line) => void err.push(line),
        paint: (_style, text) => text,
        interactive: sure !== undefined,
        ask: async (question) => {
          err.push(question);
          return types;
        },
        confirm: async (question) => {
          err.push(question);
          return sure === true;
        },
        openBrowser: (opened) => {
          if (browsesAs !== undefined) void idp.browse(browsesAs, opened).catch(() => undefined);
        },
      };
      const mounted = command(shell);
      const exit = await new Command()
        .addCommand(mounted)
        .parseAsync([mounted.name(), ...args], { from: 'user' })
        .then(
          () => 0,
          (error: unknown) => {
            if (!(error instanceof CommandFailure)) throw error;
            err.push(error.message);
            return error.exit;
          },
        );
      return { exit, out: out.join('\n'), err: err.join('\n') };
    },
    lie: front.lie,
    answered: front.answered,
    async stop() {
      await idp.close();
      await front.close();
      await stop();
    },
  };
}

/** From now on the people of the directory are those of the sandbox provider. */
async function trustProvider({ db }: Stack, api: string, issuer: string): Promise<void> {
  await db.admin.query('UPDATE countersign.person SET issuer = $1', [issuer]);
  await inTenant(db.admin, clinic, async (tx) => {
    const { trustRoots } = await findRulebook(tx, await activeDigest(tx));
    const issuers = [{ issuer, audiences: [api], clients: ['countersign-cli'], jwksUri: `${issuer}/jwks` }];
    const rulebook = loadRulebook(readPolicyFolder('policies'), { ...trustRoots, issuers });
    await storeRulebook(tx, rulebook);
    await activateRulebook(tx, rulebook.digest);
  });
}

function summaryOf(state: string, api: string, issuer: string) {
  return {
    ready: true as const,
    state,
    pid: process.pid,
    tenant: clinic,
    origin: 'dev.countersign/clinic',
    vkey: 'none',
    namespace: 'default',
    urls: { api, issuer, fhir: api, ui: api, codec: api, temporal: '127.0.0.1:1', database: 'postgres://nowhere' },
    processes: {},
    people: [],
    agents: [],
  };
}
