/** Transaction bundles: several creates and updates that happen together or not at all. R4 §3.1.0.11. */
import { z } from 'zod';
import { FhirError, parseWritten } from './resource.js';
import { planCondition } from './search.js';
import type { Outcome, Write } from './staging.js';

const entry = z.strictObject({
  fullUrl: z.string().min(1).exactOptional(),
  resource: z.looseObject({ resourceType: z.string() }),
  request: z.strictObject({
    method: z.enum(['POST', 'PUT']),
    url: z.string(),
    ifMatch: z.string().exactOptional(),
    ifNoneExist: z.string().exactOptional(),
  }),
});
const bundle = z.looseObject({
  resourceType: z.literal('Bundle'),
  type: z.literal('transaction'),
  entry: z.array(entry).min(1).max(500),
});

/** What a transaction asks for, entry by entry. */
export type BundleEntry = Readonly<z.infer<typeof entry>>;

/** @throws FhirError 400 for anything but a transaction of POST and PUT entries, one at least. */
export function parseTransaction(body: unknown): readonly BundleEntry[] {
  const parsed = bundle.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.map(String).join('.') ?? '';
    throw new FhirError(
      400,
      'invalid',
      `the body is no transaction of POST and PUT entries, see ${place.slice(0, 60)}`,
    );
  }
  return parsed.data.entry;
}

/** @throws FhirError 400 for an entry that does not say clearly what it wants. */
export function writeOf({ fullUrl, resource, request }: BundleEntry): Write {
  const [, type = '', id] = /^([A-Za-z]+)(?:\/([^/?]+))?$/.exec(request.url) ?? [];
  const written = parseWritten(type, resource);
  const called = fullUrl === undefined ? {} : { fullUrl };
  if (request.method === 'PUT') {
    if (id === undefined || request.ifNoneExist !== undefined) throw unclear();
    return { kind: 'update', id, resource: written, ifMatch: versionOf(request.ifMatch), ...called };
  }
  if (id !== undefined || request.ifMatch !== undefined) throw unclear();
  return {
    kind: 'create',
    resource: written,
    ...called,
    ...(request.ifNoneExist !== undefined && { ifNoneExist: conditionOf(type, request.ifNoneExist) }),
  };
}

/** The answer to a transaction that happened. */
export function transactionResponse(baseUrl: string, outcomes: readonly Outcome[]) {
  return {
    resourceType: 'Bundle',
    type: 'transaction-response',
    entry: outcomes.map(({ status, resource: { resourceType, id, meta } }) => ({
      fullUrl: `${baseUrl}/${resourceType}/${id}`,
      response: {
        status: status === 'created' ? '201' : '200',
        location: `${baseUrl}/${resourceType}/${id}/_history/${meta.versionId}`,
        etag: `W/"${meta.versionId}"`,
        lastModified: meta.lastUpdated,
      },
    })),
  };
}

/** @throws FhirError 400 for what is no single ETag: taken as absent or as any it would allow every update. */
export function versionOf(ifMatch: string | undefined): string | undefined {
  if (ifMatch === undefined) return undefined;
  const [, version] = /^(?:W\/)?"([^"]+)"$/.exec(ifMatch) ?? [];
  if (version === undefined) throw new FhirError(400, 'invalid', 'If-Match is no ETag');
  return version;
}

/** @throws FhirError 400 for a condition that chooses nothing or is not understood. */
export function conditionOf(type: string, ifNoneExist: string) {
  return planCondition(type, new URLSearchParams(ifNoneExist.replace(/^\?/, '')));
}

function unclear(): FhirError {
  return new FhirError(400, 'invalid', 'an entry is POST to a type or PUT to a resource, with the condition for that');
}
