import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseResource, type Resource } from '../ehr/resource.js';

const transaction = z.looseObject({
  resourceType: z.literal('Bundle'),
  type: z.literal('transaction'),
  entry: z.array(
    z.looseObject({
      fullUrl: z.string(),
      resource: z.looseObject({ resourceType: z.string(), id: z.string() }),
      request: z.looseObject({ method: z.literal('POST') }),
    }),
  ),
});

/**
 * The resources of every transaction bundle of a folder, files by name; a resource that several bundles bring is
 * taken once.
 *
 * @throws Error when the folder holds none; ZodError for a file that is no such bundle.
 */
export function bundledPeople(folder: string): readonly Resource[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();
  if (files.length === 0) throw new Error('the folder of FHIR bundles holds no .json file');
  const resources = files.flatMap((name) => resolvedBundle(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
  const byAddress = new Map<string, Resource>();
  for (const resource of resources) {
    const address = `${resource.resourceType}/${resource.id}`;
    if (!byAddress.has(address)) byAddress.set(address, resource);
  }
  return [...byAddress.values()];
}

/** The resources under their own ids, with the `urn:uuid:` references between them turned into `Type/id`. */
export function resolvedBundle(bundle: unknown): readonly Resource[] {
  const { entry } = transaction.parse(bundle);
  const addresses = new Map(entry.map(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${resource.id}`]));
  return entry.map(({ resource }) => parseResource(resolved(resource, addresses)));
}

function resolved(value: unknown, addresses: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return addresses.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => resolved(each, addresses));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each, addresses)]));
}
