import type { Pool, PoolClient } from 'pg';
import type { Digest } from '../action/ids.js';
import type { Keychain } from '../keys/keychain.store.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { FhirGateway } from './fhir.gateway.js';
import type { ElementReading } from './reading.js';

/** The part of a rulebook that a gateway judges by. */
export interface PinnedRulebook extends Pick<Rulebook, 'actions' | 'tiers' | 'trustRoots'> {
  /** By name. */
  readonly elements: ReadonlyMap<string, ElementReading>;
}

/** What a gateway's activities work with. */
export interface EhrDeps {
  /** The gateway's own login. */
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly fhir: FhirGateway;
  /** The rulebook of this digest. Throws for one that is not stored: an action never falls back to another. */
  readonly rulebook: (tx: PoolClient, digest: Digest) => Promise<PinnedRulebook>;
  /** Milliseconds of a clock that never goes back; only differences count. A lease is kept by it. */
  readonly monotonic: () => number;
}
