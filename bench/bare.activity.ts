/** The same request to the EHR, token, parsing and projection as a governed read; no warrant, scan, log or sealing. */
import { beating } from '../activities/ehr/beating.js';
import { digest } from '../src/action/ids.js';
import type { FhirGateway } from '../src/ehr/fhir.gateway.js';
import { project } from '../src/ehr/project.js';
import type { ElementReading } from '../src/ehr/reading.js';

/** The activities of the bare workflows. */
export interface BareActivities {
  readFacility(): Promise<number>;
  /** Sets the dose of one order on this version of it, in a transaction with a Provenance. */
  writeOrder(version: string, dose: string): Promise<void>;
}

const nobody = digest('00'.repeat(32));
/** Of the sandbox's canary patient. */
const order = { type: 'MedicationRequest', id: 'canary-medication-1', patient: 'Patient/canary' } as const;

export function bareActivities(fhir: FhirGateway, { name, searches, scopes, fields }: ElementReading): BareActivities {
  return {
    readFacility: () =>
      beating(async (signal) => {
        let records = 0;
        for (const { type, params } of searches) {
          const call = {
            type,
            element: name,
            args: { ...params },
            location: fhir.base,
            count: 100,
            bytes: 16 * 1024 ** 2,
          };
          const { resources } = await fhir.search(
            { ...call, action: 'ehr.read', method: 'GET', patient: null, episode: null },
            { scopes, fields: ['meta', 'status', ...fields], page: undefined, requestId: 'bare', signal },
          );
          records += resources.map((resource) => project(resource, fields)).length;
        }
        return records;
      }),

    writeOrder: (version, dose) =>
      beating(async (signal) => {
        const call = {
          interaction: 'update' as const,
          action: 'ehr.write' as const,
          ...{ type: order.type, id: order.id, elements: [], bytes: 1024 ** 2, location: fhir.base },
          ...{ patient: { reference: order.patient, pseudonym: nobody }, episode: null, args: nobody },
        };
        const request = { requestId: 'bare', signal, mayLeave: async () => undefined, timeLeft: () => 10_000 };
        await fhir.transact(call, bareTransaction(version, dose), request);
      }),
  };
}

function bareTransaction(version: string, dose: string) {
  const url = `${order.type}/${order.id}`;
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        resource: {
          ...{ resourceType: order.type, id: order.id, status: 'active', intent: 'order' },
          subject: { reference: order.patient },
          medicationCodeableConcept: { text: 'Quillamine' },
          dosageInstruction: [{ text: dose }],
        },
        request: { method: 'PUT', url, ifMatch: `W/"${version}"` },
      },
      {
        resource: {
          resourceType: 'Provenance',
          target: [{ reference: url }],
          recorded: new Date().toISOString(),
          agent: [{ who: { display: 'bare' } }],
        },
        request: { method: 'POST', url: 'Provenance' },
      },
    ],
  };
}
