import { describe, expect, it } from '@jest/globals';
import { Refusal } from '../../../src/action/refusal.js';
import type { Resource } from '../../../src/ehr/bundle.js';
import { lookBack } from '../../../src/ehr/look-back.js';
import { propose, type Proposal } from '../../../src/ehr/proposal.js';
import { sendOutcome } from '../../../src/ehr/send-outcome.js';
import { actionTag, aiLabel } from '../../../src/ehr/transaction.js';
import { action } from '../../../src/action/ids.js';
import { daily, halves, location, medication, patient } from './write-records.js';

const own = action('a'.repeat(26));
const proposal: Proposal = propose({
  action: 'medication.update',
  base: medication,
  change: { dosageInstruction: [{ at: 0, ...halves }] },
  patient,
  elements: ['current_medications'],
  location,
});

/** What the EHR has: versions 3 (the base), 4 … */
const base = medication;
const version = (
  versionId: string,
  content: object,
  tags: object[] = [],
  security: object[] = [aiLabel],
): Resource => ({
  ...content,
  id: 'm1',
  resourceType: 'MedicationRequest',
  meta: { versionId, security, tag: tags },
});
const tag = [actionTag(own)];
const ours = (versionId: string) => version(versionId, proposal.resource, tag);
const others = (versionId: string, tags: object[] = []) =>
  version(versionId, { ...medication, dosageInstruction: [{ ...daily, text: 'as needed' }] }, tags);

const another = [actionTag(action('b'.repeat(26)))];
const third = action('c'.repeat(26));
const foreign = [{ system: 'urn:other', code: third }];
const moved = { status: 'moved_on' };
/** Written by another action from the same approved words. */
const equal = (versionId: string, tags: object[] = another) => version(versionId, proposal.resource, tags);
const taggedBase = { ...base, meta: { ...Object(base.meta), tag: another } };

const look = async (...oldestFirst: Resource[]) => {
  const versions = oldestFirst.toReversed();
  const [now] = versions;
  if (!now) throw new Error('no version');
  try {
    return await lookBack({ now: async () => now, versions: async () => versions }, { action: own, proposal });
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
};

describe('what became of a write', () => {
  it.each<[what: string, versions: Resource[], found: unknown]>([
    ['nothing so far', [base], { status: 'base' }],
    ['our version', [base, ours('4')], { status: 'written', version: '4' }],
    ['our version, with others after it', [base, ours('4'), others('5')], { status: 'written', version: '4' }],
    ['our tag carried on by others', [base, ours('4'), others('5', tag)], { status: 'written', version: '4' }],
    ['others alone', [base, others('4')], { status: 'moved_on' }],
    ['the tag of another action', [base, others('4', [actionTag(action('b'.repeat(26)))])], { status: 'moved_on' }],
    ['our tag in another system', [base, others('4', [{ system: 'urn:other', code: own }])], { status: 'moved_on' }],
    ['our tag before the base, and others', [ours('2'), base, others('4')], { status: 'moved_on' }],
    ['our tag on other content', [base, others('4', tag)], 'ehr.written_otherwise'],
    ['our tag on other content, and more after it', [base, others('4', tag), others('5')], 'ehr.written_otherwise'],
    ['our content without a tag', [base, version('4', proposal.resource)], 'ehr.written_otherwise'],
    ['our content without a label', [base, version('4', proposal.resource, tag, [])], 'ehr.written_otherwise'],
    ['the same content, by another action', [base, equal('4')], { status: 'moved_on' }],
    ['that, and others after it', [base, equal('4'), others('5', another)], { status: 'moved_on' }],
    ['that, and ours before it', [base, ours('4'), equal('5')], { status: 'written', version: '4' }],
    ['our content, with a tag that the base had', [taggedBase, equal('4')], 'ehr.written_otherwise'],
    ['our content, with that tag and another', [taggedBase, equal('4', [...another, actionTag(third)])], moved],
    ['our content with a tag of another system', [base, equal('4', foreign)], 'ehr.written_otherwise'],
    ['a history without the base', [others('4'), others('5')], 'ehr.malformed'],
    ['our version in a history without the base', [ours('4'), others('5')], { status: 'written', version: '4' }],
  ])('%s', async (_what, versions, found) => {
    expect(await look(...versions)).toEqual(found);
  });
});

describe('what a refused transaction means', () => {
  const refused = (status: number) => new Refusal('ehr.rejected', 'no', { status });

  it.each<[status: number, outcome: string]>([
    [409, 'precondition'],
    [412, 'precondition'],
    [400, 'rejected'],
    [401, 'rejected'],
    [403, 'rejected'],
    [404, 'rejected'],
    [410, 'rejected'],
    [413, 'rejected'],
    [422, 'rejected'],
    [429, 'busy'],
    [201, 'unknown'],
    [204, 'unknown'],
    [302, 'unknown'],
    [408, 'unknown'],
    [418, 'unknown'],
    [499, 'unknown'],
    [500, 'unknown'],
    [503, 'unknown'],
    [599, 'unknown'],
  ])('%i: %s', (status, outcome) => {
    expect(sendOutcome(refused(status))).toBe(outcome);
  });

  it.each([new Refusal('ehr.unavailable', 'no'), new Refusal('ehr.malformed', 'no'), new TypeError('x'), undefined])(
    'without a status nobody knows',
    (error) => {
      expect(sendOutcome(error)).toBe('unknown');
    },
  );
});
