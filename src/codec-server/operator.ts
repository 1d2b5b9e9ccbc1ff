/** Who may read histories. */
import type { PersonRow } from '../directory/directory.store.js';

/** The role of the directory and the scope of the access token have this name. */
export const operatorRole = 'operator';

/** Whether the directory lets this person read histories now. Training is asked of voters, not of operators. */
export function isOperator(person: PersonRow | undefined): person is PersonRow {
  return (
    person !== undefined && person.active && !person.suspended && person.roles.some((role) => role === operatorRole)
  );
}
