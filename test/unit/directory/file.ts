/** A first directory of two people, a vendor, an agent, two departments and who is on call. */
export const directoryFile = {
  tenant: { id: 'clinic', name: 'Clinic', zone: 'Europe/Berlin', logOrigin: 'dev.countersign/clinic' },
  people: {
    amara: {
      issuer: 'https://idp.example',
      subject: 'amara',
      name: 'Amara Osei',
      roles: ['clinical_staff'],
      training: [{ course: 'hipaa', completedOn: '2026-01-10', expiresOn: '2027-01-10' }],
    },
    chen: {
      issuer: 'https://idp.example',
      subject: 'chen',
      name: 'Dr Chen Wei',
      department: 'cardiology',
      practitioner: 'Practitioner/chen',
      roles: ['senior_clinician', 'clinical_staff'],
      training: [],
    },
  },
  vendors: { 'model-vendor': { name: 'Model vendor', baa: { from: '2026-01-01', until: '2028-01-01' } } },
  agents: {
    'triage-agent': {
      role: 'triage',
      version: '1.0.0',
      model: 'model-1',
      vendor: 'model-vendor',
      responsibleClinician: 'chen',
      owner: 'chen',
      reviewDue: '2027-06-30',
    },
  },
  departments: { cardiology: ['Organization/heart', 'Location/heart-2'], stroke: ['Location/unit-3'] },
  onCall: [
    {
      person: 'chen',
      department: 'cardiology',
      from: '2026-03-01T18:00:00+01:00',
      to: '2026-03-02T06:00:00+01:00',
    },
    { person: 'chen', role: 'senior_clinician', from: '2026-03-01T18:00:00+01:00', to: '2026-03-02T06:00:00+01:00' },
  ],
};
