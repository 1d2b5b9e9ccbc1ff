/** DESIGN §5.2, row by row: what each tier of the shipped rulebook asks for and gives. */
import { describe, expect, it } from '@jest/globals';
import type { Tier } from '../../../src/action/types.js';
import { classify, type Classification, type ClassifyFacts } from '../../../src/policy/classify.js';
import { recordFacts } from '../../support/facts.js';
import { testRulebook } from '../../support/rulebook.js';

const rulebook = testRulebook();
const of = (claimedTier: Exclude<Tier, 'T0'>): ClassifyFacts => ({ ...recordFacts, claimedTier });
const rulesOf = (classification: Classification) => (classification.status === 'refused' ? classification.rules : []);
const seat = (role: string) => ({ role, count: 1 });
const bare = { reasonGiven: false, justified: [], riskAssessed: false };

describe('T0', () => {
  const facility: ClassifyFacts = {
    ...recordFacts,
    ...bare,
    type: 'facility.read',
    floor: 'T0',
    elements: ['facility'],
    purpose: 'HOPERAT',
    namesPatient: false,
    relation: 'not_asked',
  };

  it('asks nobody and for nothing, is on the record, and lives an hour', () => {
    expect(classify(rulebook, facility)).toMatchObject({
      status: 'authorised',
      tier: 'T0',
      obligations: ['audit'],
      warrantSeconds: 3_600,
    });
  });

  it('is never the tier of an action that names a patient', () => {
    expect(classify(rulebook, { ...facility, namesPatient: true, purpose: 'TREAT' })).not.toHaveProperty('tier', 'T0');
  });
});

describe('a tier above T0', () => {
  it.each<[tier: 'T1' | 'T2' | 'T3', terms: object]>([
    [
      'T1',
      {
        needs: { status: 'quorum', factors: [seat('clinical_staff')] },
        deadlineSeconds: 4 * 3_600,
        proof: { method: 'idp', acr: ['urn:countersign:acr:mfa'], amr: ['mfa'] },
        confirmation: 'none',
        warrantSeconds: 30 * 60,
      },
    ],
    [
      'T2',
      {
        needs: { status: 'quorum', factors: [seat('clinical_staff'), seat('senior_clinician')] },
        deadlineSeconds: 24 * 3_600,
        proof: { method: 'passkey', fresh: false },
        confirmation: 'none',
        warrantSeconds: 10 * 60,
      },
    ],
    [
      'T3',
      {
        needs: { status: 'quorum', factors: [seat('privacy_officer'), seat('senior_clinician')] },
        deadlineSeconds: 72 * 3_600,
        proof: { method: 'passkey', fresh: true },
        confirmation: 'typed',
        warrantSeconds: 5 * 60,
      },
    ],
  ])('%s has its seats, deadline, proof and warrant', (tier, terms) => {
    const classification = classify(rulebook, of(tier));
    expect(classification).toMatchObject({ status: 'approvals_needed', tier, ...terms });
    expect(classification).toMatchObject({
      escalations: [
        { at: 75, to: 'on_call' },
        { at: 90, to: 'page' },
      ],
    });
    const { deadlineSeconds, reminderSeconds } =
      classification.status === 'approvals_needed' ? classification : never();
    expect(reminderSeconds).toBe(deadlineSeconds / 2);
  });

  it.each<[tier: 'T1' | 'T2' | 'T3', lacks: string[]]>([
    ['T1', ['reason.missing']],
    ['T2', ['justification.missing:allergy_history', 'justification.missing:current_medications', 'reason.missing']],
    [
      'T3',
      [
        'justification.missing:allergy_history',
        'justification.missing:current_medications',
        'reason.missing',
        'risk_assessment.missing',
      ],
    ],
  ])('%s asks for everything that belongs to it', (tier, lacks) => {
    expect(rulesOf(classify(rulebook, { ...of(tier), ...bare }))).toEqual(lacks);
  });

  it.each(['T1', 'T2', 'T3'] as const)('%s asks that the principal treats the patient', (tier) => {
    for (const relation of ['not_related', 'unknown', 'not_asked'] as const)
      expect(rulesOf(classify(rulebook, { ...of(tier), relation }))).toContain(`relation.${relation}`);
  });

  it.each(['T1', 'T2', 'T3'] as const)('of a claim is %s and never less than what the action is', (claimedTier) => {
    expect(classify(rulebook, of(claimedTier))).toMatchObject({ tier: claimedTier });
    expect(classify(rulebook, { ...recordFacts, claimedTier: 'T0' })).toMatchObject({ tier: 'T1' });
  });

  it.each(['T1', 'T2', 'T3'] as const)('%s waits less when the request says so, and never longer', (tier) => {
    const whole = classify(rulebook, of(tier));
    const deadline = whole.status === 'approvals_needed' ? whole.deadlineSeconds : 0;
    expect(classify(rulebook, { ...of(tier), expiresIn: 60 })).toMatchObject({ deadlineSeconds: 60 });
    expect(classify(rulebook, { ...of(tier), expiresIn: deadline + 1 })).toMatchObject({ deadlineSeconds: deadline });
  });
});

describe('a name', () => {
  it.each([
    'records.read',
    'Record.read',
    'record.Read',
    'RECORD.READ',
    'record-read',
    'record‐read',
    'record.read ',
    ' record.read',
    'record.read\u200b',
    'record․read',
    'rеcord.read', // a Cyrillic е
    'ｒecord.read',
    'record.read\u0000',
    '__proto__',
    'toString',
    '',
  ])('of a type that is not to the letter a registered one is refused: %j', (type) => {
    expect(rulesOf(classify(rulebook, { ...recordFacts, type }))).toEqual(['type.unknown']);
  });

  it.each([
    'Current_medications',
    'current-medications',
    'current‑medications',
    'current_medications ',
    'current_medicatiоns', // a Cyrillic о
    'current_medications\u200d',
    'medications', // a word of policies, and no element
    '__proto__',
  ])('of an element that is not to the letter a registered one is refused: %j', (element) => {
    expect(rulesOf(classify(rulebook, { ...recordFacts, elements: [element] }))).toEqual(['element.unknown']);
  });

  it.each(['Triage', 'triage-agent', 'triage_agent', 'trіage', 'triage ', 'triage\u00ad', 'constructor'])(
    'of an agent’s role that is not to the letter a known one gets nothing: %j',
    (role) => {
      const agent = { role, status: 'current' as const };
      expect(rulesOf(classify(rulebook, { ...recordFacts, agent }))).toContain('default_deny');
    },
  );

  it.each(['treat', 'Treat', 'TREAT ', 'ＴREAT', 'treatment', 'TRE-AT'])(
    'of a purpose that is not to the letter a known one gets nothing: %j',
    (purpose) => {
      expect(rulesOf(classify(rulebook, { ...recordFacts, purpose }))).toEqual(
        expect.arrayContaining(['default_deny', 'purpose.not_of_type']),
      );
    },
  );
});

function never(): never {
  throw new Error('nobody is asked');
}
