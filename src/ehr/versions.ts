/** Reads a history Bundle (FHIR R4 §3.1.0.12): the versions of one resource, newest first, and where the next page lies. */
import { z } from 'zod';
import { Refusal } from '../action/refusal.js';
import { onBase, resourceSchema, type Page } from './bundle.js';

const historySchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  type: z.literal('history'),
  link: z.array(z.looseObject({ relation: z.string(), url: z.string() })).default([]),
  /** A version in which the resource was deleted has no resource. */
  entry: z.array(z.looseObject({ resource: resourceSchema.optional() })).default([]),
});

/** @throws Refusal `ehr.malformed`, `ehr.off_base`. Whose versions these are is not judged here. */
export function readVersions(body: unknown, base: string): Page {
  const history = historySchema.safeParse(body);
  if (!history.success) throw new Refusal('ehr.malformed', 'The EHR did not answer with a history Bundle.');
  const next = history.data.link.find(({ relation }) => relation === 'next')?.url;
  return {
    resources: history.data.entry.flatMap(({ resource }) => resource ?? []),
    next: next === undefined ? undefined : onBase(next, base),
  };
}
