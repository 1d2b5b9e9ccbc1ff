import type { Attribute } from './core.js';

/** The key under which the author of a policy asks for each attribute. */
export const spokenAttributes = {
  purpose: 'purpose',
  destination: 'destination',
  agentRole: 'agent_role',
  principalRoles: 'role',
  timeWindows: 'time_window',
  precededBy: 'preceded_by',
  containsPhi: 'contains_phi',
  namesPatient: 'names_patient',
  related: 'treatment_relationship',
  onCall: 'on_call',
} as const satisfies Readonly<Record<Attribute, string>>;
export type SpokenAttribute = (typeof spokenAttributes)[Attribute];
