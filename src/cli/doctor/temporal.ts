import { Connection } from '@temporalio/client';
import type { TemporalConnectionOptions } from '../../temporal/connection.js';
import { searchAttributeTypes } from '../../temporal/search-attributes.js';
import { ok, problem, type Finding } from './finding.js';

export interface TemporalTarget {
  readonly connection: TemporalConnectionOptions;
  readonly namespace: string;
  readonly mendReach: string;
}

/** Whether it answers, has the namespace, and knows our search attributes with our types. */
export async function checkTemporal({ connection: options, namespace, mendReach }: TemporalTarget): Promise<Finding[]> {
  const name = 'Temporal';
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...options, connectTimeout: 3_000 });
  } catch {
    return [problem(name, `${options.address} does not answer`, mendReach)];
  }
  try {
    await connection.withDeadline(Date.now() + 3_000, async () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch {
    await connection.close();
    return [
      ok(name, options.address),
      problem('namespace', `${namespace} is not there`, `temporal operator namespace create --namespace ${namespace}`),
    ];
  }
  try {
    const known = await connection.operatorService.listSearchAttributes({ namespace });
    const types = new Map(Object.entries(known.customAttributes ?? {}));
    return [ok(name, options.address), ok('namespace', namespace), checkSearchAttributes(types, namespace)];
  } catch {
    // Temporal Cloud has no operator service; its attributes are set in its own console.
    return [ok(name, options.address), ok('namespace', namespace)];
  } finally {
    await connection.close();
  }
}

const typeNames = new Map([
  [2, 'Keyword'],
  [6, 'Datetime'],
]);

/** @param known attribute → IndexedValueType number. */
export function checkSearchAttributes(known: ReadonlyMap<string, unknown>, namespace: string): Finding {
  const wanted = Object.entries(searchAttributeTypes);
  const missing = wanted.filter(([attribute]) => !known.has(attribute));
  const other = wanted.filter(([attribute, type]) => known.has(attribute) && known.get(attribute) !== type);
  if (other.length > 0)
    return problem(
      'search attributes',
      `of another type: ${other.map(([attribute]) => attribute).join(', ')}`,
      `temporal operator search-attribute remove --namespace ${namespace} --name ${other[0]?.[0] ?? ''}`,
    );
  if (missing.length === 0) return ok('search attributes', wanted.map(([attribute]) => attribute).join(', '));
  const flags = missing.map(([attribute, type]) => `--name ${attribute} --type ${typeNames.get(type) ?? ''}`);
  return problem(
    'search attributes',
    `missing: ${missing.map(([attribute]) => attribute).join(', ')}`,
    `temporal operator search-attribute create --namespace ${namespace} ${flags.join(' ')}`,
  );
}
