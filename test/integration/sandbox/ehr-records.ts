/** Records and bundles that the EHR's tests write. */

export const aiast = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'AIAST',
  display: 'Artificial Intelligence asserted',
};

interface Written {
  readonly resourceType: string;
  readonly id?: string;
  readonly [element: string]: unknown;
}

export function order(action?: string, subject = 'Patient/canary') {
  return {
    resourceType: 'MedicationRequest',
    ...(action !== undefined && { identifier: [{ system: 'urn:action', value: action }] }),
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: { text: 'Quillamine' },
    subject: { reference: subject },
  };
}

export function provenance(action: string, target: object, agent: object = { display: 'triage_agent' }) {
  return {
    resourceType: 'Provenance',
    meta: { tag: [{ system: 'urn:action', code: action }] },
    target: [target],
    recorded: '2026-03-02T09:00:00Z',
    agent: [{ who: agent }],
    entity: [{ role: 'source', what: { identifier: { system: 'urn:action', value: action } } }],
  };
}

export function entry(resource: Written, { ifNoneExist }: { readonly ifNoneExist?: string } = {}) {
  return {
    resource,
    request: { method: 'POST', url: resource.resourceType, ...(ifNoneExist !== undefined && { ifNoneExist }) },
  };
}

export function putOf(resource: Written & { readonly id: string }, ifMatch?: string) {
  const url = `${resource.resourceType}/${resource.id}`;
  return { resource, request: { method: 'PUT', url, ...(ifMatch !== undefined && { ifMatch }) } };
}

export function transactionOf(...entries: readonly object[]) {
  return { resourceType: 'Bundle', type: 'transaction', entry: entries };
}
