/** Reads a searchset Bundle (FHIR R4 §3.1.1.2) as far as we believe it: resources, and where the next page lies. */
import { z } from 'zod';
import { Refusal } from '../action/refusal.js';

export const resourceSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string().regex(/^[A-Za-z0-9.-]{1,64}$/),
});
/** A FHIR resource as it came, not yet believed to be anybody's. */
export type Resource = Readonly<z.infer<typeof resourceSchema>>;

const bundleSchema = z.looseObject({
  resourceType: z.literal('Bundle'),
  type: z.literal('searchset'),
  link: z.array(z.looseObject({ relation: z.string(), url: z.string() })).default([]),
  entry: z
    .array(
      z.looseObject({
        resource: z.looseObject({ resourceType: z.string() }),
        search: z.looseObject({ mode: z.string().optional() }).optional(),
      }),
    )
    .default([]),
});

export interface Page {
  readonly resources: readonly Resource[];
  /** Absolute URL under the base; undefined on the last page. */
  readonly next: string | undefined;
}

/**
 * @param type the only resource type that may be in it; a server's OperationOutcome about the search is dropped.
 * @throws Refusal `ehr.malformed`, `ehr.other_type`, `ehr.off_base` for a next page that lies elsewhere.
 */
export function readBundle(body: unknown, { base, type }: { readonly base: string; readonly type: string }): Page {
  const bundle = bundleSchema.safeParse(body);
  if (!bundle.success) throw new Refusal('ehr.malformed', 'The EHR did not answer with a searchset Bundle.');
  const matches = bundle.data.entry
    .filter(({ resource, search }) => !(search?.mode === 'outcome' && resource.resourceType === 'OperationOutcome'))
    .map(({ resource }) => resource);
  if (matches.some(({ resourceType }) => resourceType !== type))
    throw new Refusal('ehr.other_type', 'The EHR answered with resources of a type that was not asked for.');
  const resources = z.array(resourceSchema).safeParse(matches);
  if (!resources.success) throw new Refusal('ehr.malformed', 'The EHR answered with a resource without an id.');
  const next = bundle.data.link.find(({ relation }) => relation === 'next')?.url;
  return { resources: resources.data, next: next === undefined ? undefined : onBase(next, base) };
}

/**
 * Where a page link leads, as an absolute URL. Servers page by the path that was asked (`Type?…`) or by one of their own
 * under the base (HAPI: `base?_getpages=…`).
 *
 * @throws Refusal `ehr.off_base`
 */
export function onBase(next: string, base: string): string {
  const offBase = new Refusal('ehr.off_base', 'The EHR pointed to a next page outside of its base URL.');
  if (!URL.canParse(next, `${base}/`)) throw offBase;
  const url = new URL(next, `${base}/`);
  const home = new URL(base);
  const under = url.pathname === home.pathname || url.pathname.startsWith(`${home.pathname.replace(/\/$/, '')}/`);
  if (
    url.origin !== home.origin ||
    !under ||
    url.username !== '' ||
    url.password !== '' ||
    /%2e|%2f|%5c/i.test(url.pathname)
  )
    throw offBase;
  url.hash = '';
  return url.href;
}
