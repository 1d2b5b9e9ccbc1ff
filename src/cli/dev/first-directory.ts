/** Who is in the development clinic: the sandbox's people, four agents, one vendor with an agreement. */
import type { DateTime } from 'luxon';
import type { SandboxAgent } from './secrets.js';

export const devTenant = { id: 'clinic', name: 'Sandbox clinic', zone: 'America/New_York' } as const;
/** Development origins begin with `dev.`: verifiers and the CLI treat them so. */
export const devOrigin = 'dev.countersign/clinic';

interface SandboxPerson {
  readonly sub: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly practitioner?: string;
  readonly onCall?: { readonly role: string; readonly department: string };
}

/** Whose the sandbox's Encounters are: they name this Organization. */
const departments = { 'primary care': ['Organization/sandbox-clinic'] };

/** What each agent is registered as. Its owner is the operator, because an owner may not vote on their own agent. */
const agentRoles: Readonly<Record<SandboxAgent, string>> = {
  'scheduling-agent': 'scheduling',
  'triage-agent': 'triage',
  'documentation-agent': 'documentation',
  'throwaway-agent': 'triage',
};

/** The directory file as `countersign migrate` reads it, which checks every word. Dates lie around `today`. */
export function devDirectory(issuer: string, people: readonly SandboxPerson[], today: DateTime): object {
  const from = day(today.minus({ days: 30 }));
  const until = day(today.plus({ years: 1 }));
  return {
    tenant: { ...devTenant, logOrigin: devOrigin },
    people: Object.fromEntries(
      people.map(({ sub, name, roles, practitioner }) => [
        sub,
        {
          issuer,
          subject: sub,
          name,
          ...(practitioner !== undefined && { practitioner }),
          roles: [...roles],
          training: [{ course: 'hipaa', completedOn: from, expiresOn: until }],
        },
      ]),
    ),
    vendors: { 'model-vendor': { name: 'Model vendor', baa: { from, until } } },
    agents: Object.fromEntries(
      Object.entries(agentRoles).map(([agent, role]) => [
        agent,
        {
          role,
          version: '1.0.0',
          model: 'sandbox-model-1',
          vendor: 'model-vendor',
          responsibleClinician: 'chen',
          owner: 'finn',
          reviewDue: day(today.plus({ days: 90 })),
        },
      ]),
    ),
    departments,
    onCall: people.flatMap(({ sub, onCall }) =>
      onCall === undefined
        ? []
        : [{ role: onCall.role }, { department: onCall.department }].map((duty) => ({
            person: sub,
            ...duty,
            from: today.startOf('day').toISO(),
            to: today.plus({ years: 1 }).toISO(),
          })),
    ),
  };
}

function day(date: DateTime): string {
  return date.toFormat('yyyy-MM-dd');
}
