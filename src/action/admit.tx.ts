import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Pool, PoolClient } from 'pg';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { findAgent } from '../directory/directory.store.js';
import type { Keychain } from '../keys/keychain.store.js';
import { activeDigest, type ReadRulebook } from '../rulebook/rulebook.store.js';
import { commitmentsOf, databaseClock, findByIdempotencyKey, insertAction, type ActionRow } from './action.store.js';
import { canonicalBytes } from './canonical.js';
import { catalogue } from './catalogue.js';
import { actionSchema, type ActionId, type AgentId, type PersonId, type TenantId } from './ids.js';
import { Refusal } from './refusal.js';
import { resolveRequest, sealedRequestSchema, type ActionRequest, type SealedRequest } from './request.js';
import { shownText } from './shown.js';
import type { Admission } from './types.js';

export interface AdmitDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly rulebook: ReadRulebook;
  readonly newActionId: () => ActionId;
}

export interface AdmitCase {
  readonly tenant: TenantId;
  readonly agent: AgentId;
  readonly principal: PersonId;
  readonly request: ActionRequest;
}

/**
 * Stores the request sealed and opens its action with its keys, in one transaction; nothing runs yet. The same
 * idempotency key and body find the same action.
 *
 * @throws Refusal `type.unknown` or `request.invalid` (with a leaf for the first), `idempotency.mismatch`; RulebookError
 *   for an active rulebook that this build cannot read.
 */
export async function openAction(deps: AdmitDeps, asked: AdmitCase): Promise<Admission> {
  const resolved = await resolveOrLog(deps, asked);
  const { request, tenant, agent, principal } = asked;
  const content: SealedRequest = sealedRequestSchema.parse({
    type: resolved.definition.name,
    input: resolved.input,
    elements: [...resolved.elements],
    purpose: request.purpose,
    agent,
    principal,
    ...optional(request),
  });
  return inTenant(deps.pool, tenant, async (tx) => {
    const before = await findByIdempotencyKey(tx, agent, request.idempotencyKey);
    if (before) return same(tx, deps, tenant, before, content);
    const rulebook = await deps.rulebook(tx, await activeDigest(tx)); // what cannot be read here governs nothing new
    const action = deps.newActionId();
    const { patient, episode } = resolved.subject;
    const pseudonym = (reference: string | undefined) =>
      patient === undefined || reference === undefined
        ? undefined
        : deps.keychain.pseudonym(tx, tenant, patient, reference, { create: true });
    const month = (await databaseClock(tx)).toISOString();
    await deps.keychain.create(tx, tenant, action, month);
    const shown = shownText(content, resolved.definition.describe);
    const row = {
      action,
      type: content.type,
      agent,
      agentVersion: (await findAgent(tx, agent))?.version ?? 'unregistered',
      principal,
      purpose: content.purpose,
      elements: content.elements,
      patient: (await pseudonym(patient)) ?? null,
      episode: (await pseudonym(episode)) ?? null,
      reasonGiven: content.reason !== undefined,
      justified: Object.keys(content.justifications ?? {}),
      riskAssessed: content.riskAssessment !== undefined,
      claimedTier: content.claimedTier ?? null,
      expiresIn: content.expiresIn ?? null,
      rulebook: rulebook.digest,
      idempotencyKey: request.idempotencyKey,
      requestCommitment: await deps.keychain.seal(tx, tenant, action, 'request', canonicalBytes(content)),
      displayCommitment: await deps.keychain.seal(tx, tenant, action, 'display/1', canonicalBytes(shown)),
    };
    // Two calls with one key at once: the unique index lets one through, and the other hears of it.
    if (!(await insertAction(tx, row)))
      throw new Refusal('idempotency.mismatch', 'Another request with this idempotency key is being opened; repeat.');
    return { tenant, action, requestCommitment: row.requestCommitment, namesPatient: row.patient !== null };
  });
}

async function resolveOrLog(deps: AdmitDeps, { tenant, agent, request }: AdmitCase) {
  try {
    return resolveRequest(request, catalogue);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'type.unknown') {
      const key = bytesToHex(sha256(canonicalBytes([agent, request.idempotencyKey])));
      await inTenant(deps.pool, tenant, (tx) =>
        appendLeaf(tx, { kind: 'request.refused', key, data: { agent, code: error.code } }),
      );
    }
    throw error;
  }
}

/** The action of an earlier call, if its body was this one: compared by commitment under the salt that was stored. */
async function same(
  tx: PoolClient,
  { keychain }: AdmitDeps,
  tenant: TenantId,
  before: ActionRow,
  content: SealedRequest,
): Promise<Admission> {
  const { salt } = await keychain.unseal(tx, tenant, before.action, 'request');
  const bound = await commitmentsOf(tx, before.action, 1);
  if (bound?.requestCommitment !== keychain.commitment(salt, canonicalBytes(content)))
    throw new Refusal('idempotency.mismatch', 'This idempotency key was used for another request; choose a new one.');
  return {
    tenant,
    action: before.action,
    requestCommitment: bound.requestCommitment,
    namesPatient: before.patient !== null,
  };
}

function optional({ reason, justifications, riskAssessment, claimedTier, expiresIn, conversation }: ActionRequest) {
  const given = { reason, justifications, riskAssessment, claimedTier, expiresIn, conversation };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A fresh id from at least 26 random bytes; each gives five bits. */
export function actionIdOf(random: Uint8Array): ActionId {
  return actionSchema.parse([...random.slice(0, 26)].map((byte) => alphabet[byte % 32]).join(''));
}
