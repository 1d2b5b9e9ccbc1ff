/** The people of the sandbox clinic, and what each may ask an access token for. Synthetic, like everything here. */

export interface SandboxPerson {
  /** Subject of every token about this person. */
  readonly sub: string;
  /** Shown on the sign-in page; never in a token. */
  readonly name: string;
  readonly roles: readonly [Role, ...Role[]];
  /** Who this person is in the sandbox EHR, where they treat patients. */
  readonly practitioner?: `Practitioner/${string}`;
  /** On call at all hours. */
  readonly onCall?: { readonly role: Role; readonly department: string };
}

type Role = 'clinical_staff' | 'senior_clinician' | 'pharmacist' | 'privacy_officer' | 'security_officer' | 'operator';

export const sandboxPeople: readonly SandboxPerson[] = [
  { sub: 'amara', name: 'Amara Osei', roles: ['clinical_staff'], practitioner: 'Practitioner/amara' },
  { sub: 'ben', name: 'Ben Ortiz', roles: ['clinical_staff'], practitioner: 'Practitioner/ben' },
  { sub: 'chen', name: 'Dr Chen Wei', roles: ['senior_clinician'], practitioner: 'Practitioner/chen' },
  {
    sub: 'dora',
    name: 'Dr Dora Novak',
    roles: ['senior_clinician'],
    practitioner: 'Practitioner/dora',
    onCall: { role: 'senior_clinician', department: 'primary care' },
  },
  { sub: 'farid', name: 'Farid Haddad', roles: ['pharmacist'], practitioner: 'Practitioner/farid' },
  { sub: 'elif', name: 'Elif Kaya', roles: ['privacy_officer'] },
  { sub: 'sami', name: 'Sami Laine', roles: ['security_officer'] },
  { sub: 'finn', name: 'Finn Berg', roles: ['operator'] },
];

/** Scope of a subject token: the person lets an agent act for them, and lets it do nothing else with the token. */
export const actFor = 'actions:act-for';

/** Scope of whoever proposes other rules or signs them; whether they may is the rulebook's to say. */
const changeRules = 'rulebook:change';

/** What an agent may be registered for. */
export const agentScopes = ['actions:request', 'actions:read', 'actions:release'] as const;

const clinician = ['approvals:read', 'approvals:vote', 'actions:read', 'actions:cancel', actFor] as const;
const scopesByRole = {
  clinical_staff: clinician,
  senior_clinician: [...clinician, changeRules],
  pharmacist: clinician,
  privacy_officer: ['approvals:read', 'approvals:vote', 'actions:read', 'audit:read', changeRules],
  security_officer: ['approvals:read', 'approvals:vote', 'actions:read', 'audit:read', changeRules],
  operator: ['actions:read', 'actions:cancel', 'operator', changeRules],
} as const satisfies Record<Role, readonly string[]>;

/** Everything that some person may hold. */
export const personScopes: readonly string[] = [...new Set(Object.values(scopesByRole).flat())];

/** What this person's access tokens are narrowed to, whatever was asked for. */
export function scopesOf(person: SandboxPerson): readonly string[] {
  return [...new Set(person.roles.flatMap((role) => scopesByRole[role]))];
}
