/** Reads the answer to our transaction: which version the EHR says that it made, if the answer is about our write at all. */
import { z } from 'zod';
import type { Proposal } from './proposal.js';

const entry = z.looseObject({
  response: z.looseObject({ status: z.string(), location: z.string().optional(), etag: z.string().optional() }),
});
const answerSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  type: z.literal('transaction-response'),
  entry: z.tuple([entry, entry]),
});

/**
 * `versionId` of the new version; undefined for every answer that is not plainly "both were done, and this one is
 * yours". Then nobody knows yet, and reading back tells. The base is no new version, whatever the status says.
 */
export function writtenVersion(body: unknown, { target, base }: Pick<Proposal, 'target' | 'base'>): string | undefined {
  const answer = answerSchema.safeParse(body);
  if (!answer.success) return undefined;
  const [updated, created] = answer.data.entry;
  if (!/^200\b/.test(updated.response.status) || !/^201\b/.test(created.response.status)) return undefined;
  const { location, etag } = updated.response;
  const [, address, version] =
    /(?:^|\/)([A-Za-z]+\/[A-Za-z0-9.-]+)\/_history\/([A-Za-z0-9.-]{1,64})$/.exec(location ?? '') ?? [];
  if (location !== undefined && address !== `${target.type}/${target.id}`) return undefined;
  const [, tagged] = /^W\/"([A-Za-z0-9.-]{1,64})"$/.exec(etag ?? '') ?? [];
  if (version !== undefined && tagged !== undefined && version !== tagged) return undefined;
  const written = version ?? tagged;
  return written === base ? undefined : written;
}
