import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { action, digest } from '../../../src/action/ids.js';
import { Refusal } from '../../../src/action/refusal.js';
import type { ElementReading } from '../../../src/ehr/reading.js';
import { checkCall, type EhrCall } from '../../../src/warrant/check.js';
import type { Leave } from '../../../src/warrant/leave.js';

const base = 'https://ehr.example/fhir';
const patient = { reference: 'Patient/p1', pseudonym: digest('aa'.repeat(32)) };
const episode = { reference: 'Encounter/e1', pseudonym: digest('bb'.repeat(32)) };
const somebodyElse = { reference: 'Patient/p2', pseudonym: digest('cc'.repeat(32)) };

const medications: ElementReading = {
  name: 'current_medications',
  searches: [{ type: 'MedicationRequest', params: { patient: '{patient}', status: 'active' } }],
  scopes: ['system/MedicationRequest.rs'],
  fields: ['status'],
  maxRecords: 50,
  episodeBound: false,
};
const allergies: ElementReading = {
  ...medications,
  name: 'allergy_history',
  searches: [{ type: 'AllergyIntolerance', params: { patient: '{patient}' } }],
};
const elements = new Map([medications, allergies].map((reading) => [reading.name, reading]));

const leave: Leave = {
  action: action('a'.repeat(26)),
  actions: ['ehr.read'],
  location: base,
  datatypes: ['MedicationRequest'],
  patient: patient.pseudonym,
  episode: episode.pseudonym,
  elements: ['current_medications'],
  scopes: ['system/MedicationRequest.rs'],
  maxRecords: 50,
  maxBytes: 1_000_000,
  since: {},
  readOnly: true,
};

const call: EhrCall = {
  action: 'ehr.read',
  method: 'GET',
  location: base,
  type: 'MedicationRequest',
  element: 'current_medications',
  patient,
  episode,
  args: { patient: 'Patient/p1', status: 'active' },
  count: 50,
  bytes: 1_000_000,
};

const refusalOf = (input: unknown, under = leave): string => {
  try {
    checkCall(under, elements, input);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'passed';
};

describe('the closed world of a warrant', () => {
  it('lets the call pass that it names', () => {
    expect(checkCall(leave, elements, call)).toEqual(call);
  });

  it.each<[what: string, input: unknown, code: string]>([
    ['another action', { ...call, action: 'ehr.write' }, 'warrant.other_action'],
    ['a write dressed as a read', { ...call, method: 'PUT' }, 'warrant.other_action'],
    ['another EHR', { ...call, location: 'https://elsewhere.example/fhir' }, 'warrant.other_location'],
    ['the same EHR by another path', { ...call, location: `${base}/` }, 'warrant.other_location'],
    ['another patient', { ...call, patient: somebodyElse }, 'warrant.other_patient'],
    ['nobody in particular', { ...call, patient: null }, 'warrant.other_patient'],
    [
      'another episode',
      { ...call, episode: { ...episode, pseudonym: somebodyElse.pseudonym } },
      'warrant.other_episode',
    ],
    ['no episode', { ...call, episode: null }, 'warrant.other_episode'],
    [
      'an element that the rulebook has and the warrant does not',
      { ...call, element: 'allergy_history', type: 'AllergyIntolerance', args: { patient: 'Patient/p1' } },
      'warrant.other_element',
    ],
    ['an element that nobody has', { ...call, element: 'current_medication' }, 'warrant.other_element'],
    ['an element named like a property of every object', { ...call, element: 'constructor' }, 'warrant.other_element'],
    ['another type', { ...call, type: 'Observation' }, 'warrant.other_element'],
    [
      'a search for another patient under the right pseudonym',
      { ...call, args: { ...call.args, patient: 'Patient/p2' } },
      'warrant.argument',
    ],
    [
      'an extra argument',
      { ...call, args: { ...call.args, _include: 'MedicationRequest:subject' } },
      'warrant.argument',
    ],
    ['a missing argument', { ...call, args: { patient: 'Patient/p1' } }, 'warrant.argument'],
    ['a swapped argument', { ...call, args: { patient: 'Patient/p1', _status: 'active' } }, 'warrant.argument'],
    ['a wider argument', { ...call, args: { ...call.args, status: 'active,stopped' } }, 'warrant.argument'],
    ['an argument of the wrong type', { ...call, args: { ...call.args, status: ['active'] } }, 'warrant.argument'],
    ['a reference that is none', { ...call, patient: { ...patient, reference: 'Patient/p1?x=1' } }, 'warrant.argument'],
    ['more records than it allows', { ...call, count: 51 }, 'warrant.argument'],
    ['more bytes than it allows', { ...call, bytes: 1_000_001 }, 'warrant.argument'],
    ['a negative amount', { ...call, count: -1 }, 'warrant.argument'],
    ['an amount that is no number', { ...call, bytes: Number.NaN }, 'warrant.argument'],
    ['half a record', { ...call, count: 0.5 }, 'warrant.argument'],
    ['an unbounded answer', { ...call, bytes: Number.POSITIVE_INFINITY }, 'warrant.argument'],
    ['an amount as text', { ...call, count: '1' }, 'warrant.argument'],
    ['nothing', undefined, 'warrant.argument'],
  ])('refuses %s', (_what, input, code) => {
    expect(refusalOf(input)).toBe(code);
  });

  describe('that reaches back to a day', () => {
    const labs: ElementReading = {
      ...medications,
      name: 'recent_labs',
      searches: [
        {
          type: 'Observation',
          params: { patient: '{patient}' },
          date: { param: 'date', fields: ['effectiveDateTime'] },
        },
      ],
    };
    const dated = {
      ...leave,
      elements: ['recent_labs'],
      datatypes: ['Observation'],
      since: { recent_labs: '2026-03-01' },
    };
    const asked = { ...call, element: 'recent_labs', type: 'Observation' };
    const passes = (args: Record<string, string>, under: Leave = dated): boolean => {
      try {
        checkCall(under, new Map([[labs.name, labs]]), { ...asked, args });
        return true;
      } catch {
        return false;
      }
    };

    it('lets only the search pass that is bounded by it', () => {
      expect(passes({ patient: 'Patient/p1', date: 'ge2026-03-01' })).toBe(true);
      expect(passes({ patient: 'Patient/p1' })).toBe(false);
      expect(passes({ patient: 'Patient/p1', date: 'ge2026-02-28' })).toBe(false);
      expect(passes({ patient: 'Patient/p1', date: 'le2026-03-01' })).toBe(false);
    });

    it('lets no search pass that has no date to bound', () => {
      const bounded = { ...leave, since: { current_medications: '2026-03-01' } };
      expect(refusalOf(call, bounded)).toBe('warrant.argument');
    });

    it('bounds nothing that it does not name', () => {
      expect(passes({ patient: 'Patient/p1' }, { ...dated, since: {} })).toBe(true);
      expect(passes({ patient: 'Patient/p1', date: 'ge2026-03-01' }, { ...dated, since: {} })).toBe(false);
    });
  });

  it('lets nothing pass when it names no action', () => {
    expect(refusalOf(call, { ...leave, actions: [] })).toBe('warrant.other_action');
  });

  it('names no patient for a facility, and then nobody may be asked about', () => {
    const facility = { ...leave, patient: null, episode: null };
    expect(refusalOf(call, facility)).toBe('warrant.other_patient');
  });

  it('refuses a call with any part more, whatever it is called', () => {
    fc.assert(
      fc.property(fc.string(), fc.anything(), (name, value) => {
        fc.pre(!Object.hasOwn(call, name) && name !== '__proto__');
        expect(refusalOf({ ...call, [name]: value })).toBe('warrant.argument');
      }),
    );
  });

  it('refuses a call with any argument more, whatever it is called', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, value) => {
        fc.pre(!Object.hasOwn(call.args, name) && name !== '__proto__');
        expect(refusalOf({ ...call, args: { ...call.args, [name]: value } })).toBe('warrant.argument');
      }),
    );
  });

  it('refuses a call with any part less', () => {
    for (const name of Object.keys(call)) {
      const less = Object.fromEntries(Object.entries(call).filter(([key]) => key !== name));
      expect(refusalOf(less)).toBe('warrant.argument');
    }
  });
});
