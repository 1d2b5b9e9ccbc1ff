import type { Pool } from 'pg';
import type { ActionId, ChallengeId, TenantId } from '../action/ids.js';
import type { Logger } from '../config/log.js';
import type { TokenVerifier } from '../identity/tokens.gateway.js';
import type { Keychain } from '../keys/keychain.store.js';
import type { PasskeyId, VouchingId } from '../passkey/ids.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import type { TrustRoots } from '../rulebook/trust-roots.js';
import type { GovernedActions } from '../temporal/governed-actions.js';
import type { PasskeyWorkflows } from '../temporal/passkey-workflows.js';
import type { RulebookChanges } from '../temporal/rulebook-changes.js';
import type { ActionWaits } from './waits.js';

/** What the routes work with; the process, or a test, wires it. */
export interface ApiDeps {
  readonly tenant: TenantId;
  /** Its own address as callers know it: the audience of access tokens. */
  readonly url: string;
  /** Of the login `api`. */
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly rulebook: ReadRulebook;
  /** Verifies tokens of these trust roots. */
  readonly verifier: (roots: Pick<TrustRoots, 'issuers'>) => TokenVerifier;
  readonly actions: GovernedActions;
  readonly passkeys: PasskeyWorkflows;
  readonly rulebooks: RulebookChanges;
  readonly waits: ActionWaits;
  readonly newActionId: () => ActionId;
  readonly newChallengeId: () => ChallengeId;
  readonly newEnrolmentId: () => PasskeyId;
  readonly newVouchingId: () => VouchingId;
  readonly log: Logger;
}
