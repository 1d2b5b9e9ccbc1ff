import { person, type PersonId } from '../../../src/action/ids.js';

const digits = { ada: '0a', bo: '0b', cy: '0c', di: '0d', ed: '0e' } as const;
export type Name = keyof typeof digits;

/** A person of the tests, always the same id. */
export const personOf = (name: Name): PersonId => person(`00000000-0000-4000-8000-0000000000${digits[name]}`);
