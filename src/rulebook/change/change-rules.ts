/** Who may change the rules, and when a change is approved. Pure: what the directory and the signatures say are facts. */
import type { PersonId, RoleName } from '../../action/ids.js';
import type { ChangeRefusal, ChangeVerdict } from './change.js';
import { rolesHeld, type Rulebook } from '../rulebook.js';

/** The part of a rulebook that says who may replace it. */
export interface ChangeRules {
  /** Roles in which somebody may sign. */
  readonly signers: ReadonlySet<RoleName>;
  /** At least one signature is by one of these. */
  readonly officers: ReadonlySet<RoleName>;
  /** Seconds for which a role must have been held before it counts: who grants a role cannot use it the same day. */
  readonly grantSeconds: number;
}

/** Two humans, whatever a rulebook says; the database counts them too. */
const signaturesNeeded = 2;

export interface SignerFacts {
  readonly person: PersonId;
  readonly active: boolean;
  readonly suspended: boolean;
  readonly trained: boolean;
  /** Roles granted now, and for how long. Implied ones are added here. */
  readonly grants: readonly { readonly role: RoleName; readonly heldSeconds: number }[];
}

export type Standing =
  /** In which of the roles named a signature counts. */
  | { readonly status: 'may_sign'; readonly roles: readonly RoleName[] }
  | { readonly status: 'refused'; readonly code: ChangeRefusal };

/** Whether this person may sign in one of these roles, by the rulebook that would be replaced. */
export function signerStanding(
  rulebook: Pick<Rulebook, 'roles' | 'changes'>,
  signer: SignerFacts,
  actingRoles: readonly RoleName[],
): Standing {
  const { signers, grantSeconds } = rulebook.changes;
  if (!signer.active || signer.suspended) return { status: 'refused', code: 'rulebook.inactive' };
  if (!signer.trained) return { status: 'refused', code: 'rulebook.untrained' };
  const counting = (grants: SignerFacts['grants']): RoleName[] => {
    const held = rolesHeld(
      rulebook,
      grants.map(({ role }) => role),
    );
    return actingRoles.filter((role) => signers.has(role) && held.includes(role));
  };
  const roles = counting(signer.grants.filter(({ heldSeconds }) => heldSeconds >= grantSeconds));
  if (roles.length > 0) return { status: 'may_sign', roles };
  return {
    status: 'refused',
    code: counting(signer.grants).length > 0 ? 'rulebook.fresh_grant' : 'rulebook.wrong_role',
  };
}

/** Every role in which this person could sign if they had held it for long enough. */
export function rolesToSignIn(
  rulebook: Pick<Rulebook, 'roles' | 'changes'>,
  { grants }: Pick<SignerFacts, 'grants'>,
): RoleName[] {
  const held = rolesHeld(
    rulebook,
    grants.map(({ role }) => role),
  );
  return held.filter((role) => rulebook.changes.signers.has(role));
}

export interface JudgedSignature {
  readonly person: PersonId;
  readonly verdict: ChangeVerdict;
  /** Those that count now. */
  readonly roles: readonly RoleName[];
}

/**
 * What stands against a change with these signatures, all of them genuine and of people who may sign; undefined if nothing
 * does. Who proposed it may be one of the two, and is never enough: humans are counted, not signatures.
 */
export function objectionTo(
  signatures: readonly JudgedSignature[],
  { officers }: Pick<ChangeRules, 'officers'>,
): ChangeRefusal | undefined {
  if (signatures.some(({ verdict }) => verdict !== 'approve')) return 'rulebook.denied';
  if (new Set(signatures.map(({ person }) => person)).size < signaturesNeeded) return 'rulebook.unsigned';
  return signatures.some(({ roles }) => roles.some((role) => officers.has(role))) ? undefined : 'rulebook.no_officer';
}
