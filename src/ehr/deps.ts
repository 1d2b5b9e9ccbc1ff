import type { Pool, PoolClient } from 'pg';
import type { Digest } from '../action/ids.js';
import type { Keychain } from '../keys/keychain.store.js';
import type { Destination } from '../policy/core.js';
import type { TrustRoots } from '../rulebook/trust-roots.js';
import type { FhirGateway } from './fhir.gateway.js';
import type { ElementReading } from './reading.js';

/** The part of a rulebook that a gateway judges by. */
interface PinnedRulebook {
  /** By name. */
  readonly elements: ReadonlyMap<string, ElementReading>;
  /** By action type: where its output goes. */
  readonly actions: ReadonlyMap<string, { readonly destination: Destination }>;
  readonly trustRoots: Pick<TrustRoots, 'warrantIssuers'>;
}

/** What a gateway's activities work with. */
export interface EhrDeps {
  /** The gateway's own login. */
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly fhir: FhirGateway;
  /** The rulebook of this digest. Throws for one that is not stored: an action never falls back to another. */
  readonly rulebook: (tx: PoolClient, digest: Digest) => Promise<PinnedRulebook>;
}
