import type { PoolClient } from 'pg';
import { databaseClock } from '../action/action.store.js';
import type { Digest } from '../action/ids.js';
import type { MintedWarrant } from '../action/types.js';
import type { ElementReading } from '../ehr/reading.js';
import { claimsOf } from './claims.js';
import type { WarrantIssuer } from './issuer.js';
import { tokenHash } from './token-hash.js';
import { findWarrantOfStep, insertWarrant, type WarrantRow } from './warrant.store.js';

/** What a warrant is to allow. Everything that is not named here is refused by the gateway. */
export interface WarrantSpec extends Pick<
  WarrantRow,
  | 'tenant'
  | 'action'
  | 'revision'
  | 'step'
  | 'kind'
  | 'agent'
  | 'principal'
  | 'location'
  | 'patient'
  | 'episode'
  | 'purpose'
  | 'readOnly'
  | 'requestCommitment'
  | 'tier'
  | 'rulebook'
  | 'argsCommitment'
> {
  /** `ehr.read` … */
  readonly performs: string;
  /** FHIR types and SMART scopes follow from these. */
  readonly elements: readonly ElementReading[];
  readonly limits: { readonly uses: number; readonly records: number; readonly bytes: number };
  /** Element → days that its records may be old; left out where nothing is bounded by date. */
  readonly lookBackDays?: Readonly<Record<string, number>>;
  /** Life in seconds, at most 3600; cut down to whole seconds, never up. */
  readonly seconds: number;
  /** Leaf hashes of the votes; empty only at T0 and for system warrants. */
  readonly approvals: readonly Digest[];
  readonly queue: MintedWarrant['queue'];
}

/**
 * Mints the warrant of one step, or signs again the one that this step minted before: same row, same bytes. Call it
 * under the action's row lock.
 */
export async function mintWarrant(tx: PoolClient, issuer: WarrantIssuer, spec: WarrantSpec): Promise<MintedWarrant> {
  const stored = await findWarrantOfStep(tx, spec);
  if (stored) return reissue(issuer, stored, spec.queue);
  const row = rowOf(spec, issuer.newId(), await databaseClock(tx));
  const token = await issuer.sign(claimsOf(row, issuer.iss));
  await insertWarrant(tx, row, tokenHash(token));
  return minted(row, token, spec.queue);
}

/** The token of a stored warrant: the very bytes whose hash the row keeps, as long as the issuer's key is the same. */
export async function reissue(
  issuer: WarrantIssuer,
  row: WarrantRow,
  queue: MintedWarrant['queue'],
): Promise<MintedWarrant> {
  return minted(row, await issuer.sign(claimsOf(row, issuer.iss)), queue);
}

function minted({ jti, issuedAt, expiresAt }: WarrantRow, token: string, queue: MintedWarrant['queue']): MintedWarrant {
  return { jti, token, queue, seconds: (expiresAt.getTime() - issuedAt.getTime()) / 1000 };
}

function rowOf(spec: WarrantSpec, jti: WarrantRow['jti'], at: Date): WarrantRow {
  const issuedAt = new Date(Math.floor(at.getTime() / 1000) * 1000);
  const { performs, elements, limits, lookBackDays = {}, seconds, approvals, queue: _queue, ...same } = spec;
  return {
    ...same,
    jti,
    actions: spec.readOnly ? [performs] : ['ehr.read', performs], // what was written is read back
    datatypes: distinct(elements.flatMap(({ searches }) => searches.map(({ type }) => type))),
    elements: distinct(elements.map(({ name }) => name)),
    scopes: distinct(elements.flatMap(({ scopes }) => scopes)),
    maxUses: limits.uses,
    maxRecords: limits.records,
    maxBytes: limits.bytes,
    since: Object.fromEntries(
      Object.entries(lookBackDays).map(([element, days]) => [element, daysBefore(issuedAt, days)]),
    ),
    approvals: [...approvals],
    issuedAt,
    notBefore: issuedAt,
    expiresAt: new Date(issuedAt.getTime() + Math.floor(seconds) * 1000),
  };
}

/** A day of UTC: the bound is as exact as a look-back in days can be. */
function daysBefore(at: Date, days: number): string {
  return new Date(at.getTime() - days * 86_400_000).toISOString().slice(0, 10);
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
