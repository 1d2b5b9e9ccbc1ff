/** What a rulebook may hold in development only. */
import { throwProblems, type Problem } from './problem.js';
import type { Rulebook } from './rulebook.js';

/** Seconds: whoever is given a role cannot change the rules with it on the same day. */
const shortestGrant = 86_400;

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Everything in this rulebook that production refuses; empty when it may govern there. */
export function unfitForProduction({ actions, agentClasses, changes, recordClasses, trustRoots }: Rulebook): Problem[] {
  const sandbox = [...actions.values()].filter(({ recordClass }) => recordClasses.get(recordClass)?.sandboxOnly);
  const throwaway = [...agentClasses].filter(([, recordClass]) => recordClasses.get(recordClass)?.sandboxOnly);
  const stations = trustRoots.issuers.flatMap(({ issuer, jwksUri }) => [issuer, jwksUri]);
  return [
    ...sandbox.map(({ name, recordClass }) => ({
      file: 'actions.yaml',
      message: `${name} is kept as ${recordClass}, a class of the sandbox`,
    })),
    ...throwaway.map(([agent, recordClass]) => ({
      file: 'retention.yaml',
      message: `${agent} leaves records of ${recordClass}, a class of the sandbox`,
    })),
    ...(changes.grantSeconds < shortestGrant
      ? [{ file: 'roles.yaml', message: 'a role counts for changes of the rules after a day at the earliest' }]
      : []),
    ...stations
      .filter(isUnsafe)
      .map((address) => ({ file: 'trust-roots.json', message: `${address} is no production issuer` })),
    ...trustRoots.logs
      .filter((key) => key.startsWith('dev.'))
      .map((key) => ({ file: 'trust-roots.json', message: `${key.split('+')[0] ?? ''} is a log of development` })),
  ];
}

/** @throws RulebookError naming all of them. */
export function assertFitForProduction(rulebook: Rulebook): void {
  throwProblems(unfitForProduction(rulebook));
}

/** Plain HTTP or this very machine. */
function isUnsafe(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol !== 'https:' || loopback.test(hostname);
}
