import { startOf } from '../../config/folder-lock.js';
import { checkDatabase } from './database.js';
import type { Finding } from './finding.js';
import { checkBuild, checkNode, checkPorts, checkPostgresBinaries, checkTemporalCli } from './machine.js';
import { checkApi, checkIssuer, checkKeyring } from './services.js';
import { checkProcesses, targetOf, type Parts } from './target.js';
import { checkTemporal } from './temporal.js';

/** Looks at everything at once; each look has its own patience, and none changes anything. */
export async function examine(state: string, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  const target = targetOf(state, env);
  const always = [checkNode(process.versions.node), checkBuild()];
  switch (target.kind) {
    case 'environment':
      return [...always, ...(await examineParts(target.parts, 'check the address, and that it is up'))];
    case 'stack': {
      const alive = checkProcesses(target.summary, (pid) => startOf(pid) !== undefined);
      const restart = `kill ${target.summary.pid}; countersign dev`;
      return [...always, ...(await engines(env)), alive, ...(await examineParts(target.parts, restart))];
    }
    case 'nothing':
      return [...always, ...(await engines(env)), await checkPorts(), ...target.findings];
  }
}

async function engines(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const sandbox = await import('@countersign/sandbox');
  return [await checkTemporalCli(sandbox, env), checkPostgresBinaries()];
}

async function examineParts({ database, temporal, keyring, issuer, api }: Parts, mend: string): Promise<Finding[]> {
  const found = await Promise.all([
    database === undefined ? [] : checkDatabase(database, mend),
    temporal === undefined ? [] : checkTemporal({ ...temporal, mendReach: mend }),
    keyring === undefined ? [] : [checkKeyring(keyring)],
    issuer === undefined ? [] : [await checkIssuer(issuer, mend)],
    api === undefined ? [] : [await checkApi(api, mend)],
  ]);
  return found.flat();
}
