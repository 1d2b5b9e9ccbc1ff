/** The same request to the EHR, token, parsing and projection as a governed read; no warrant, scan, log or sealing. */
import { beating } from '../activities/ehr/beating.js';
import type { FhirGateway } from '../src/ehr/fhir.gateway.js';
import { project } from '../src/ehr/project.js';
import type { ElementReading } from '../src/ehr/reading.js';

/** The activities of the bare workflow. */
export interface BareActivities {
  readFacility(): Promise<number>;
}

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
  };
}
