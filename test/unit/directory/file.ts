/** A first directory of two people, a vendor and an agent. */
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
};
