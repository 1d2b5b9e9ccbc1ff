/** The state folder of a development stack: what lies where. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defaultState } from './summary.js';

/** Where a command looks for a stack, or starts one: what was asked for, `COUNTERSIGN_STATE`, `./.countersign`. */
export function stateFolder(asked: string | undefined, env: NodeJS.ProcessEnv): string {
  return resolve(asked ?? (env['COUNTERSIGN_STATE'] || defaultState));
}

/** Made if need be, its owner's alone: keys and passwords lie in it. Answers its real path. */
export function openState(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return realpathSync(folder);
}

export function temporaryState(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'countersign-dev-')));
}

export function placesIn(state: string) {
  return {
    logs: join(state, 'logs'),
    logOf: (name: string) => join(state, 'logs', `${name}.log`),
    configOf: (name: string) => join(state, 'config', `${name}.json`),
    config: join(state, 'config'),
    policies: join(state, 'config', 'policies'),
    keyring: join(state, 'keyring'),
    logKey: join(state, 'log-key'),
    signer: join(state, 'signer'),
    idp: join(state, 'idp'),
    ehr: join(state, 'ehr'),
    engines: join(state, 'engines'),
  };
}

export type Places = ReturnType<typeof placesIn>;
