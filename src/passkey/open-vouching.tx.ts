import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import type { PersonId, TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { activeDigest, type ReadRulebook } from '../rulebook/rulebook.store.js';
import type { PasskeyId, VouchingId } from './ids.js';
import { passkeyOf, passkeysOf, type PasskeyRow } from './passkey.store.js';
import { refusedWordLeaf } from './refused-word.js';
import { vouchingHash, type VouchingStatement } from './vouching.js';
import { anybodyVouched, findVouching, insertVouching, statementOf, wordFor } from './vouching.store.js';

export interface VouchingDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
  readonly newVouchingId: () => VouchingId;
}

export interface VouchingCase {
  readonly tenant: TenantId;
  readonly passkey: PasskeyId;
  /** Who is to vouch for it: an active person, as the API's guard has it. */
  readonly voucher: PersonId;
}

export interface OpenedVouching {
  readonly statement: VouchingStatement;
  /** base64url: what the voucher's passkey signs. */
  readonly hash: string;
  readonly rpId: string;
  /** Ids of the voucher's passkeys whose word counts. */
  readonly credentials: readonly string[];
  /** Five minutes after it was opened, by the database's clock. */
  readonly expiresAt: Date;
}

/** Why nobody is asked; its sentence is for the person. */
const objections = {
  'vouching.own': 'This passkey is your own: somebody else has to vouch for it.',
  'vouching.revoked': 'This passkey is revoked: there is nothing to vouch for.',
  'vouching.duplicate': 'Somebody has vouched for this passkey already.',
  'vouching.no_passkey': 'You sign your word with a passkey of your own: enrol one first.',
  'vouching.not_vouched': 'Nobody has vouched for a passkey of yours: have that done first.',
} as const;
type Objection = keyof typeof objections;

/**
 * Opens a vouching: what is signed binds passkey, key, owner and voucher. Nothing counts yet. Undefined for no passkey.
 *
 * @throws Refusal `passkey.no_relying_party`, `vouching.*`; the latter is on the log.
 */
export async function openVouching(
  deps: VouchingDeps,
  { tenant, passkey, voucher }: VouchingCase,
): Promise<OpenedVouching | undefined> {
  const opened = await inTenant(deps.pool, tenant, async (tx) => {
    const [rpId] = (await deps.rulebook(tx, await activeDigest(tx))).trustRoots.rpIds;
    if (rpId === undefined)
      throw new Refusal('passkey.no_relying_party', 'No site takes passkeys here: the rulebook names none.');
    const row = await passkeyOf(tx, passkey);
    if (!row) return undefined;
    const signers = await signersOf(tx, voucher, rpId);
    const objection = objectionTo(row, voucher, { signers, vouched: (await wordFor(tx, passkey)) !== undefined });
    if (objection === undefined) return open(tx, deps, { row, voucher, rpId, credentials: signers.able });
    await appendLeaf(tx, refusedWordLeaf({ passkey, voucher, code: objection }));
    return objection;
  });
  if (typeof opened === 'string') throw new Refusal(opened, objections[opened]); // its leaf is committed
  return opened;
}

interface Signers {
  readonly held: number;
  /** Credential ids of those whose word counts. */
  readonly able: readonly string[];
}

/** A word counts under a passkey that was vouched for itself; the first of all, under any (0016-vouch.sql). */
async function signersOf(tx: PoolClient, voucher: PersonId, rpId: string): Promise<Signers> {
  const first = !(await anybodyVouched(tx));
  const own = (await passkeysOf(tx, voucher)).filter((each) => each.revokedAt === null && each.rpId === rpId);
  const able: string[] = [];
  for (const { passkey, credential } of own) if (first || (await wordFor(tx, passkey))) able.push(credential);
  return { held: own.length, able };
}

function objectionTo(
  { person, revokedAt }: PasskeyRow,
  voucher: PersonId,
  { signers, vouched }: { readonly signers: Signers; readonly vouched: boolean },
): Objection | undefined {
  if (person === voucher) return 'vouching.own';
  if (revokedAt !== null) return 'vouching.revoked';
  if (vouched) return 'vouching.duplicate';
  if (signers.held === 0) return 'vouching.no_passkey';
  return signers.able.length === 0 ? 'vouching.not_vouched' : undefined;
}

interface Opening {
  readonly row: PasskeyRow;
  readonly voucher: PersonId;
  readonly rpId: string;
  readonly credentials: readonly string[];
}

async function open(
  tx: PoolClient,
  { newVouchingId }: VouchingDeps,
  { row: { passkey }, voucher, rpId, credentials }: Opening,
): Promise<OpenedVouching> {
  const vouching = newVouchingId();
  await insertVouching(tx, vouching, passkey, voucher);
  const stored = await findVouching(tx, vouching);
  if (!stored) throw new Error('a vouching that was just opened is not there');
  const statement = statementOf(stored);
  const { expiresAt } = stored;
  return { statement, hash: vouchingHash(statement, sha256), rpId, credentials, expiresAt };
}
