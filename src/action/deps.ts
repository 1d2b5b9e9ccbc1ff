import type { Pool } from 'pg';
import type { Keychain } from '../keys/keychain.store.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import type { WarrantIssuer } from '../warrant/issuer.js';

/** What the governance worker's transactions work with. */
export interface GovernanceDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly rulebook: ReadRulebook;
  readonly issuer: WarrantIssuer;
  /** FHIR base URL: the only place that a warrant names. */
  readonly location: string;
}
