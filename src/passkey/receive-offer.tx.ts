import type { Pool, PoolClient } from 'pg';
import type { Digest, PersonId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { PasskeyId } from './ids.js';
import { findOffer, insertOffer } from './passkey.store.js';
import { refusedOfferLeaf, type RefusedOffer } from './refused-offer.js';
import type { Offer } from './registration.js';

export interface ReceivedOfferCase {
  readonly tenant: TenantId;
  readonly enrolment: PasskeyId;
  /** Whose access token came with the offer. */
  readonly person: PersonId;
  readonly offer: Offer;
}

export type ReceivedOffer =
  /** Noted; now the worker verifies it. There is no passkey yet. */
  | { readonly status: 'received'; readonly offer: Digest }
  /** The same offer made its passkey before. */
  | { readonly status: 'enrolled'; readonly passkey: PasskeyId }
  | { readonly status: 'refused'; readonly code: string };

/**
 * Notes registration and ID token as they came, before they are sent anywhere: whether they were in time is judged by this
 * moment. The same offer again hears what became of it. Another person's enrolment is unknown.
 */
export async function receiveOffer(
  { pool }: { readonly pool: Pool },
  { tenant, enrolment, person, offer }: ReceivedOfferCase,
): Promise<ReceivedOffer> {
  return inTenant(pool, tenant, async (tx) => {
    const name = await insertOffer(tx, enrolment, person, offer);
    const noted = name && (await findOffer(tx, enrolment, name));
    if (!name || !noted) return refuse(tx, { enrolment: null, person, code: 'passkey.unknown' });
    if (noted.counted) return { status: 'enrolled', passkey: enrolment };
    if (noted.refused !== null) return { status: 'refused', code: noted.refused };
    if (noted.late) return refuse(tx, { enrolment, person, code: 'passkey.expired' });
    return { status: 'received', offer: name };
  });
}

async function refuse(tx: PoolClient, refused: RefusedOffer): Promise<ReceivedOffer> {
  await appendLeaf(tx, refusedOfferLeaf(refused));
  return { status: 'refused', code: refused.code };
}
