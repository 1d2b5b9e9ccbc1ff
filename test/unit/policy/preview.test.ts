import { describe, expect, it } from '@jest/globals';
import { preview, type PreviewFacts } from '../../../src/policy/preview.js';
import { recordFacts } from '../../support/facts.js';
import { testRulebook } from '../../support/rulebook.js';

const rulebook = testRulebook();
const { relation: _, ...asked } = recordFacts;
const look = (facts: Partial<PreviewFacts> = {}) => preview(rulebook, { ...asked, ...facts });

describe('a preview', () => {
  it('tells tier, why, who would be asked and until when', () => {
    expect(look()).toMatchObject({
      status: 'approvals_needed',
      tier: 'T1',
      needs: { status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] },
      deadlineSeconds: 14_400,
      missing: [],
    });
    expect(look().why).toContainEqual({ tier: 'T1', why: 'tier.names_patient' });
  });

  it('says that the treatment relationship is assumed, and needs none where no patient is named', () => {
    expect(look().relation).toBe('assumed');
    const facility = { type: 'facility.read', floor: 'T0' as const, elements: ['facility'], purpose: 'HOPERAT' };
    expect(look({ ...facility, namesPatient: false })).toMatchObject({
      status: 'authorised',
      tier: 'T0',
      needs: { status: 'nobody' },
      relation: 'not_needed',
    });
  });

  it('tells everything that the request lacks, and the tier that it is of for all that', () => {
    const bare = { reasonGiven: false, justified: [], riskAssessed: false };
    expect(look(bare)).toMatchObject({ status: 'incomplete', tier: 'T1', missing: ['reason.missing'] });
    expect(look({ ...bare, claimedTier: 'T3' })).toMatchObject({
      status: 'incomplete',
      tier: 'T3',
      missing: [
        'justification.missing:allergy_history',
        'justification.missing:current_medications',
        'reason.missing',
        'risk_assessment.missing',
      ],
    });
  });

  it('tells what stands against it, apart from what it lacks', () => {
    const billing = { agent: { role: 'billing', status: 'suspended' as const } };
    const found = look({ ...billing, reasonGiven: false });
    expect(found).toMatchObject({ status: 'refused', tier: undefined, missing: ['reason.missing'] });
    expect(found.rules).toEqual(expect.arrayContaining(['agent.suspended', 'default_deny']));
    expect(found.rules).not.toContain('reason.missing');
  });

  it('tells near misses of a refusal', () => {
    expect(look({ purpose: 'HOPERAT' }).nearMisses).toContainEqual({ rule: 'treatment_read', unmet: ['purpose'] });
  });

  it('is no way to a yes: what it assumes about the patient it never tells the policy of an action', () => {
    expect(look().status).toBe('approvals_needed');
    expect(look({ namesPatient: false }).status).toBe('refused');
  });
});
