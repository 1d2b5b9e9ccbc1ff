/** The parts that are asked over HTTP, and the keyring. */
import { accessSync, constants, statSync } from 'node:fs';
import { z } from 'zod';
import { ok, problem, reasonOf, warning, type Finding } from './finding.js';

const patience = 3_000;

export async function checkIssuer(issuer: string, mendReach: string): Promise<Finding> {
  const address = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(patience), redirect: 'error' });
    if (!answer.ok) return problem('issuer', `${address} answered ${answer.status}`, mendReach);
    const told = z.object({ issuer: z.string() }).safeParse(await answer.json());
    if (told.data?.issuer === issuer) return ok('issuer', issuer);
    return problem(
      'issuer',
      `${issuer} calls itself ${told.data?.issuer ?? 'nothing'}`,
      'set COUNTERSIGN_ISSUER to exactly what it calls itself',
    );
  } catch (error) {
    return problem('issuer', `${issuer} does not answer (${reasonOf(error)})`, mendReach);
  }
}

export async function checkApi(api: string, mendReach: string): Promise<Finding> {
  try {
    const answer = await fetch(`${api.replace(/\/+$/, '')}/healthz`, { signal: AbortSignal.timeout(patience) });
    return answer.ok ? ok('API', api) : problem('API', `${api} says ${answer.status}: not healthy`, mendReach);
  } catch (error) {
    return problem('API', `${api} does not answer (${reasonOf(error)})`, mendReach);
  }
}

/** @param keyring `folder:/absolute/path` */
export function checkKeyring(keyring: string): Finding {
  const folder = keyring.replace(/^folder:/, '');
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return problem('keyring', `${folder} is not there or cannot be written`, `mkdir -p -m 700 ${folder}`);
  }
  if ((statSync(folder).mode & 0o077) !== 0)
    return warning('keyring', `${folder} is open to other users`, `chmod 700 ${folder}`);
  return ok('keyring', folder);
}
