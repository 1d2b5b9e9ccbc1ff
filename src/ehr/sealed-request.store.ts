import type { PoolClient } from 'pg';
import { commitmentsOf, findAction } from '../action/action.store.js';
import { canonicalJson } from '../action/canonical.js';
import { catalogue } from '../action/catalogue.js';
import { subjectOf } from '../action/define-action.js';
import type { Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { sealedRequestSchema, type SealedRequest } from '../action/request.js';
import { shownText } from '../action/shown.js';
import type { Keychain } from '../keys/keychain.store.js';
import type { EhrCall } from '../warrant/check.js';
import type { WarrantRow } from '../warrant/warrant.store.js';

/** Patient and episode of a request, as references and as the pseudonyms that a warrant names. */
type RequestSubject = Pick<EhrCall, 'patient' | 'episode'>;

export interface OpenedRequest {
  /** Action type. */
  readonly type: string;
  readonly subject: RequestSubject;
}

/**
 * Opens the request that this warrant was minted for, and makes sure that it is still what people approved: same
 * request, same shown text, same rulebook as the revision that their votes bind.
 *
 * @throws Refusal `warrant.other_request` for anything that is not, and what unsealing throws.
 */
export async function openSealedRequest(
  tx: PoolClient,
  keychain: Keychain,
  warrant: WarrantRow,
): Promise<OpenedRequest> {
  const { tenant, action, revision } = warrant;
  const row = await findAction(tx, action);
  const bound = await commitmentsOf(tx, action, revision);
  const request = await keychain.unseal(tx, tenant, action, 'request');
  const display = await keychain.unseal(tx, tenant, action, `display/${revision}`);
  const content = readRequest(request.bytes);
  const same =
    row?.revision === revision &&
    row.rulebook === warrant.rulebook &&
    row.agent === warrant.agent &&
    row.principal === warrant.principal &&
    bound?.requestCommitment === request.commitment &&
    bound.requestCommitment === warrant.requestCommitment &&
    bound.displayCommitment === display.commitment &&
    text(display.bytes) === shownAgain(content) &&
    (warrant.kind === 'system' || warrant.elements.every((element) => content.elements.includes(element)));
  if (!same) throw new Refusal('warrant.other_request', 'The request is no longer what was approved.');
  return { type: content.type, subject: await subjectWithPseudonyms(tx, keychain, warrant, content) };
}

function readRequest(bytes: Uint8Array): SealedRequest {
  return sealedRequestSchema.parse(JSON.parse(text(bytes)));
}

/** The text that approvers saw, made again from the request by the code of today; undefined for an unknown type. */
function shownAgain(request: SealedRequest): string | undefined {
  const definition = catalogue.get(request.type);
  return definition && canonicalJson(shownText(request, definition.describe));
}

async function subjectWithPseudonyms(
  tx: PoolClient,
  keychain: Keychain,
  { tenant }: WarrantRow,
  request: SealedRequest,
): Promise<RequestSubject> {
  const { patient, episode } = subjectOf(request.input);
  if (patient === undefined) return { patient: null, episode: null };
  const pseudonym = async (reference: string): Promise<{ reference: string; pseudonym: Digest }> => {
    const found = await keychain.pseudonym(tx, tenant, patient, reference, { create: false });
    if (found === undefined) throw new Refusal('warrant.other_patient', 'The patient of the request has no pseudonym.');
    return { reference, pseudonym: found };
  };
  return {
    patient: await pseudonym(patient),
    episode: episode === undefined ? null : await pseudonym(episode),
  };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
