/** The interactions that write: create, update, transaction. R4 §3.1.0.5 to §3.1.0.11. */
import { fhirAnswer, type Answer } from './answer.js';
import { allowed, forbidden, resourceAnswer, versionedAddress, type FhirCall, type Records } from './call.js';
import { FhirError, parseWritten } from './resource.js';
import { allowsResource } from './scopes.js';
import type { Judge, Outcome, Write } from './staging.js';
import { conditionOf, parseTransaction, transactionResponse, versionOf, writeOf } from './transaction.js';
import { checkDepth } from './written.js';

/** @throws FhirError */
export function create(records: Records, call: FhirCall, type: string): Answer {
  checkCall(call);
  if (call.ifMatch !== undefined) throw new FhirError(400, 'invalid', 'If-Match belongs to an update');
  const resource = parseWritten(allowed(call, 'c', type), call.body);
  const { ifNoneExist } = call;
  const [outcome] = write(records, call, [
    { kind: 'create', resource, ...(ifNoneExist !== undefined && { ifNoneExist: conditionOf(type, ifNoneExist) }) },
  ]);
  if (!outcome) throw nothingWritten();
  const location = `${records.baseUrl}/${versionedAddress(outcome.resource)}`;
  return resourceAnswer(outcome.status === 'created' ? 201 : 200, outcome.resource, { location });
}

/** @throws FhirError */
export function update(
  records: Records,
  call: FhirCall,
  { type, id }: { readonly type: string; readonly id: string },
): Answer {
  checkCall(call);
  if (call.ifNoneExist !== undefined) throw new FhirError(400, 'invalid', 'If-None-Exist belongs to a create');
  const resource = parseWritten(allowed(call, 'u', type), call.body);
  const [outcome] = write(records, call, [{ kind: 'update', id, resource, ifMatch: versionOf(call.ifMatch) }]);
  if (!outcome) throw nothingWritten();
  return resourceAnswer(200, outcome.resource);
}

/** @throws FhirError of the first entry that cannot be; then none has happened. */
export function transaction(records: Records, call: FhirCall): Answer {
  checkCall(call);
  if (call.ifMatch !== undefined || call.ifNoneExist !== undefined)
    throw new FhirError(400, 'invalid', 'the conditions of a transaction are in its entries');
  const entries = parseTransaction(call.body);
  call.note({ entries: entries.map(({ request }) => request) });
  const writes = entries.map(writeOf);
  for (const { kind, resource } of writes) allowed(call, kind === 'create' ? 'c' : 'u', resource.resourceType);
  return fhirAnswer(200, transactionResponse(records.baseUrl, write(records, call, writes)));
}

function write({ store }: Records, call: FhirCall, writes: readonly Write[]): readonly Outcome[] {
  const judge: Judge = (interaction, resource) => {
    if (!allowsResource(call.scopes, interaction, resource)) throw forbidden();
  };
  const outcomes = store.transact(writes, judge);
  const fresh = outcomes.filter(({ status }) => status !== 'found');
  call.note({ written: fresh.map(({ resource }) => versionedAddress(resource)) });
  return outcomes;
}

function checkCall({ query, body }: FhirCall): void {
  if (query.size > 0) throw new FhirError(400, 'not-supported', 'a write takes no parameters');
  checkDepth(body);
}

function nothingWritten(): Error {
  return new Error('a write has no outcome');
}
