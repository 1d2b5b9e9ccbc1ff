import { FhirError } from './resource.js';

export interface Address {
  readonly type: string;
  readonly id: string;
}

/** @throws FhirError 400 for anything but `Type/id`. */
export function parseAddress(reference: string): Address {
  const [type = '', id = '', ...more] = reference.split('/');
  if (id === '' || more.length > 0) throw new FhirError(400, 'invalid', 'the reference is no Type/id');
  return { type, id };
}
