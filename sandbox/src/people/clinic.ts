/** The clinic of the sandbox: what is there before any patient comes. */
import { parseResource, type Resource } from '../ehr/resource.js';

/** The people who work here, under ids that never change: the sandbox's sign-in names. */
export const clinicians = {
  amara: { given: 'Amara', family: 'Osei', role: 'Registered nurse' },
  ben: { given: 'Ben', family: 'Ortiz', role: 'Medical assistant' },
  chen: { given: 'Chen', family: 'Wei', role: 'Attending physician' },
  dora: { given: 'Dora', family: 'Novak', role: 'Attending physician' },
  farid: { given: 'Farid', family: 'Haddad', role: 'Clinical pharmacist' },
} as const;

/** Who sees patients: they take part in every open encounter. The pharmacist takes part in none. */
export const treatingTeam = ['chen', 'amara', 'ben', 'dora'] as const;

/** Who looks after a patient between visits, the pharmacist among them. */
export const careTeamMembers = ['chen', 'amara', 'farid'] as const;

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri'];
const organization = { reference: 'Organization/sandbox-clinic', display: 'Sandbox Clinic' };

/** Organization, Practitioners, Locations and HealthcareServices with the clinic's opening hours (local time). */
export function clinic(): readonly Resource[] {
  return [
    { resourceType: 'Organization', id: 'sandbox-clinic', active: true, name: 'Sandbox Clinic' },
    ...Object.entries(clinicians).map(([id, { given, family, role }]) => ({
      resourceType: 'Practitioner',
      id,
      identifier: [{ system: 'urn:countersign:sandbox:staff', value: id }],
      active: true,
      name: [{ use: 'official', family, given: [given] }],
      qualification: [{ code: { text: role } }],
    })),
    location('main', 'Sandbox Clinic, main building', '08:00:00', '18:00:00'),
    location('lab', 'Sandbox Clinic, laboratory', '07:00:00', '12:00:00'),
    service('primary-care', 'Primary care', 'main', '08:00:00', '18:00:00'),
    service('blood-draw', 'Blood draw', 'lab', '07:00:00', '12:00:00'),
  ].map(parseResource);
}

function location(id: string, name: string, openingTime: string, closingTime: string) {
  return {
    resourceType: 'Location',
    id,
    status: 'active',
    name,
    mode: 'instance',
    telecom: [{ system: 'phone', value: '555-0100', use: 'work' }],
    address: {
      use: 'work',
      line: ['1 Harbour Road'],
      city: 'Worcester',
      state: 'MA',
      postalCode: '01602',
      country: 'US',
    },
    managingOrganization: organization,
    hoursOfOperation: [{ daysOfWeek: weekdays, allDay: false, openingTime, closingTime }],
  };
}

function service(id: string, name: string, at: string, availableStartTime: string, availableEndTime: string) {
  return {
    resourceType: 'HealthcareService',
    id,
    active: true,
    providedBy: organization,
    location: [{ reference: `Location/${at}` }],
    name,
    availableTime: [{ daysOfWeek: weekdays, allDay: false, availableStartTime, availableEndTime }],
    notAvailable: [{ description: 'Public holidays' }],
  };
}
