import type { Pool } from 'pg';
import type { PersonId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { actAsOwner, inTenant } from '../database/transaction.js';
import type { DirectoryFile } from './directory-file.js';
import {
  ensureTenant,
  grantOnce,
  putAgent,
  putPerson,
  putPlaces,
  putRoster,
  putTraining,
  putVendor,
} from './fill.store.js';

export interface LoadedDirectory {
  /** By their names in the file. */
  readonly people: ReadonlyMap<string, PersonId>;
  /** Grants that are new. */
  readonly granted: number;
}

/**
 * Brings a tenant's directory up to the file, in one transaction; loading it again changes nothing. What was taken away
 * since stays away: a revoked role, a suspension, a person who is no longer active.
 *
 * @param pool a login that may migrate.
 * @throws Refusal `directory.conflict` when the tenant exists with another zone or log origin: dates and checkpoints that
 *   are out already would mean something else.
 */
export async function loadDirectory(pool: Pool, file: DirectoryFile): Promise<LoadedDirectory> {
  const { tenant, people, vendors, agents, departments = {}, onCall = [] } = file;
  return inTenant(pool, tenant.id, async (tx) => {
    await actAsOwner(tx);
    const { zone, logOrigin } = await ensureTenant(tx, tenant);
    if (zone !== tenant.zone || logOrigin !== tenant.logOrigin)
      throw new Refusal('directory.conflict', 'The zone and the log origin of a tenant cannot be changed by a file.');
    const ids = new Map<string, PersonId>();
    let granted = 0;
    for (const [name, entry] of Object.entries(people)) {
      const id = await putPerson(tx, entry);
      ids.set(name, id);
      for (const role of entry.roles) if (await grantOnce(tx, id, role)) granted += 1;
      for (const course of entry.training) await putTraining(tx, id, course);
    }
    for (const [name, entry] of Object.entries(vendors)) await putVendor(tx, name, entry);
    for (const [name, entry] of Object.entries(agents)) {
      const clinician = ids.get(entry.responsibleClinician);
      const owner = ids.get(entry.owner);
      if (!clinician || !owner) throw new Refusal('directory.invalid', 'An agent points at a person who is not there.');
      await putAgent(tx, name, entry, { clinician, owner });
    }
    await putPlaces(tx, departments);
    await putRoster(
      tx,
      onCall.map(({ person, ...duty }) => {
        const id = ids.get(person);
        if (!id) throw new Refusal('directory.invalid', 'The roster names a person who is not there.');
        return { ...duty, person: id };
      }),
    );
    return { people: ids, granted };
  });
}
