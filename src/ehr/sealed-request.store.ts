import type { PoolClient } from 'pg';
import { z } from 'zod';
import { commitmentsOf, findAction, type RevisionRow } from '../action/action.store.js';
import { canonicalJson } from '../action/canonical.js';
import { catalogue } from '../action/catalogue.js';
import { subjectOf } from '../action/define-action.js';
import type { Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { sealedRequestSchema, type SealedRequest } from '../action/request.js';
import { shownText } from '../action/shown.js';
import type { Keychain, Unsealed } from '../keys/keychain.store.js';
import type { EhrCall } from '../warrant/check.js';
import type { WarrantRow } from '../warrant/warrant.store.js';
import { patientIdentitySchema } from './patient-identity.js';
import { readProposal, type Proposal } from './proposal.js';
import { shownChange, type ReadBesides } from './shown-change.js';

/** Patient and episode of a request, as references and as the pseudonyms that a warrant names. */
export type RequestSubject = Pick<EhrCall, 'patient' | 'episode'>;

export interface OpenedRequest {
  readonly request: SealedRequest;
  readonly subject: RequestSubject;
  readonly revision: RevisionRow;
  /** What would be written; absent on a revision as it was asked. */
  readonly proposal?: Proposal;
}

/**
 * Opens the request that this warrant was minted for, and what was prepared for it, and makes sure that both are still
 * what people approve: same request, same proposal, same shown text, same rulebook as the revision that their votes bind.
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
  if (!bound) throw otherRequest();
  const sealed = (path: string): Promise<Unsealed> => keychain.unseal(tx, tenant, action, path);
  const request = await sealed('request');
  const display = await sealed(`display/${bound.shows}`);
  const prepared = bound.kind === 'asked' ? undefined : await sealed(`proposal/${bound.shows}`);
  const content = readRequest(request.bytes);
  const proposal = prepared && readProposal(prepared.bytes);
  const same =
    row?.revision === revision &&
    row.rulebook === warrant.rulebook &&
    row.agent === warrant.agent &&
    row.principal === warrant.principal &&
    bound.requestCommitment === request.commitment &&
    bound.requestCommitment === warrant.requestCommitment &&
    bound.displayCommitment === display.commitment &&
    bound.proposalCommitment === (prepared?.commitment ?? null) &&
    bound.baseVersion === (proposal?.base ?? null) &&
    text(display.bytes) === shownAgain(content, display, proposal && prepared && { proposal, ...prepared }) &&
    (warrant.kind === 'system' || warrant.elements.every((element) => content.elements.includes(element)));
  if (!same) throw otherRequest();
  const subject = await subjectWithPseudonyms(tx, keychain, warrant, content);
  return { request: content, subject, revision: bound, ...(proposal && { proposal }) };
}

function readRequest(bytes: Uint8Array): SealedRequest {
  return sealedRequestSchema.parse(JSON.parse(text(bytes)));
}

/**
 * The text that approvers saw, made again from request and proposal by the code of today; undefined for an unknown type.
 * Whose record it is and what others changed meanwhile is nowhere else: it is taken from the sealed text, which its
 * commitment holds.
 */
function shownAgain(
  request: SealedRequest,
  display: Unsealed,
  prepared: { readonly proposal: Proposal; readonly commitment: Digest } | undefined,
): string | undefined {
  const definition = catalogue.get(request.type);
  const change = prepared && shownChange(prepared.proposal, { proposal: prepared.commitment, ...readBesides(display) });
  return definition && canonicalJson(shownText(request, definition.describe, change));
}

const besidesSchema = z.looseObject({
  change: z.looseObject({
    patient: patientIdentitySchema,
    meanwhile: z.array(z.strictObject({ path: z.string(), before: z.json(), after: z.json() })).exactOptional(),
  }),
});

function readBesides({ bytes }: Unsealed): ReadBesides {
  const shown = besidesSchema.safeParse(JSON.parse(text(bytes)));
  if (!shown.success) throw otherRequest();
  const { patient, meanwhile } = shown.data.change;
  return { patient, ...(meanwhile && { meanwhile }) };
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

function otherRequest(): Refusal {
  return new Refusal('warrant.other_request', 'The request is no longer what was approved.');
}
