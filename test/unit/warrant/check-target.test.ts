import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { action, digest } from '../../../src/action/ids.js';
import { Refusal } from '../../../src/action/refusal.js';
import { checkTargetCall, scopesOf, type TargetCall } from '../../../src/warrant/check-target.js';
import type { Leave } from '../../../src/warrant/leave.js';

const location = 'https://ehr.example/fhir';
const patient = { reference: 'Patient/p1', pseudonym: digest('aa'.repeat(32)) };
const episode = { reference: 'Encounter/e1', pseudonym: digest('bb'.repeat(32)) };
const somebodyElse = { reference: 'Patient/p2', pseudonym: digest('cc'.repeat(32)) };
const args = digest('dd'.repeat(32));
const target = { type: 'MedicationRequest', id: 'm1' };

const leave: Leave = {
  action: action('a'.repeat(26)),
  actions: ['ehr.read', 'ehr.write'],
  location,
  datatypes: ['MedicationRequest', 'Provenance'],
  patient: patient.pseudonym,
  episode: episode.pseudonym,
  elements: ['current_medications'],
  scopes: ['system/MedicationRequest.r', 'system/MedicationRequest.u', 'system/Provenance.c', 'system/Provenance.rs'],
  maxRecords: 1,
  maxBytes: 1_000_000,
  since: {},
  readOnly: false,
  argsCommitment: args,
};

const about = { location, ...target, elements: ['current_medications'], patient, episode, bytes: 1_000_000 };
const read: TargetCall = { ...about, action: 'ehr.read', interaction: 'read' };
const vread: TargetCall = { ...about, action: 'ehr.read', interaction: 'vread', version: '3' };
const history: TargetCall = { ...about, action: 'ehr.read', interaction: 'history' };
const update: TargetCall = { ...about, action: 'ehr.write', interaction: 'update', args };

const refusalOf = (input: unknown, under: Leave = leave): string => {
  try {
    checkTargetCall(under, target, input);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'passed';
};
const without = (...scopes: string[]): Leave => ({
  ...leave,
  scopes: leave.scopes.filter((scope) => !scopes.includes(scope)),
});

describe('the closed world of a write’s warrant', () => {
  it.each([read, vread, history, update])('lets a $interaction of its target pass', (call) => {
    expect(checkTargetCall(leave, target, call)).toEqual(call);
  });

  it.each<[what: string, change: object, code: string]>([
    ['another EHR', { location: `${location}/` }, 'warrant.other_location'],
    ['another patient', { patient: somebodyElse }, 'warrant.other_patient'],
    ['nobody in particular', { patient: null }, 'warrant.argument'],
    ['another episode', { episode: { ...episode, pseudonym: args } }, 'warrant.other_episode'],
    ['no episode', { episode: null }, 'warrant.other_episode'],
    ['another element', { elements: ['allergy_history'] }, 'warrant.other_element'],
    ['one element more', { elements: ['current_medications', 'allergy_history'] }, 'warrant.other_element'],
    ['no element', { elements: [] }, 'warrant.argument'],
    ['another type', { type: 'Observation' }, 'warrant.other_element'],
    ['a type that is none', { type: 'MedicationRequest/m2' }, 'warrant.argument'],
    ['another resource', { id: 'm2' }, 'warrant.argument'],
    ['a path in the id', { id: '../Patient/p2' }, 'warrant.argument'],
    ['more bytes than it allows', { bytes: 1_000_001 }, 'warrant.argument'],
    ['a negative amount', { bytes: -1 }, 'warrant.argument'],
    ['an amount that is no number', { bytes: Number.NaN }, 'warrant.argument'],
    ['an amount as text', { bytes: '1' }, 'warrant.argument'],
    ['another interaction', { interaction: 'delete' }, 'warrant.argument'],
  ])('refuses %s, whatever is to be done', (_what, change, code) => {
    for (const call of [read, vread, history, update]) expect(refusalOf({ ...call, ...change })).toBe(code);
  });

  it.each<[what: string, call: object, under: Leave, code: string]>([
    ['a write under a warrant to read', update, { ...leave, actions: ['ehr.read'] }, 'warrant.other_action'],
    ['a write under a read-only one', update, { ...leave, readOnly: true }, 'warrant.other_action'],
    ['a deletion where a write is named', { ...update, action: 'ehr.delete' }, leave, 'warrant.other_action'],
    ['a write that calls itself a read', { ...update, action: 'ehr.read' }, leave, 'warrant.argument'],
    ['a read that calls itself a write', { ...read, action: 'ehr.write' }, leave, 'warrant.argument'],
    ['another proposal', { ...update, args: digest('ee'.repeat(32)) }, leave, 'warrant.other_request'],
    ['no proposal', { ...update, args: undefined }, leave, 'warrant.argument'],
    ['a write without its Provenance', update, { ...leave, datatypes: ['MedicationRequest'] }, 'warrant.other_element'],
    ['a write without leave to update', update, without('system/MedicationRequest.u'), 'warrant.other_element'],
    ['a write without leave for its Provenance', update, without('system/Provenance.c'), 'warrant.other_element'],
    ['a read without leave to read', read, without('system/MedicationRequest.r'), 'warrant.other_element'],
    ['a version that is none', { ...vread, version: '3?_format=xml' }, leave, 'warrant.argument'],
  ])('refuses %s', (_what, call, under, code) => {
    expect(refusalOf(call, under)).toBe(code);
  });

  it('lets nothing be written where no proposal was bound', () => {
    const { argsCommitment: _args, ...unbound } = leave;
    expect(refusalOf(update, unbound)).toBe('warrant.other_request');
  });

  it('refuses a call with any part more or less', () => {
    for (const call of [read, vread, history, update]) {
      for (const name of Object.keys(call)) {
        const less = Object.fromEntries(Object.entries(call).filter(([key]) => key !== name));
        expect(refusalOf(less)).toBe('warrant.argument');
      }
      fc.assert(
        fc.property(fc.string(), fc.anything(), (name, value) => {
          fc.pre(!Object.hasOwn(call, name) && name !== '__proto__');
          expect(refusalOf({ ...call, [name]: value })).toBe('warrant.argument');
        }),
      );
    }
  });

  it('asks for the scopes of one interaction, and no more', () => {
    expect(scopesOf(update)).toEqual(['system/MedicationRequest.u', 'system/Provenance.c']);
    for (const call of [read, vread, history])
      expect(scopesOf(call)).toEqual(['system/MedicationRequest.r', 'system/Provenance.rs']);
  });
});
