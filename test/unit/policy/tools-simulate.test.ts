import { describe, expect, it } from '@jest/globals';
import { fromLeaf, simulate, type PastRequest } from '../../../src/policy/study/simulate.js';
import type { Rulebook } from '../../../src/rulebook/rulebook.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const shipped = testRulebook();
const files = rulebookFiles();

function changed(file: string, from: string | RegExp, to: string): Rulebook {
  const text = files[file] ?? '';
  const other = text.replace(from, to);
  if (other === text) throw new Error(`${file} does not hold the passage any more`);
  return testRulebook({ [file]: other });
}

const never = ({ message }: { readonly message: string }) => {
  throw new Error(message);
};
const hex = 'a'.repeat(64);

/** As classify writes it. */
const leaf = {
  v: 1,
  tenant: 'clinic',
  index: 7,
  time: '2026-11-24T09:00:00.000000Z',
  zone: 'UTC',
  kind: 'action.requested',
  action: 'a'.repeat(26),
  seq: 1,
  prev: null,
  key: 'classify',
  data: {
    agent: { id: 'triage-agent', version: '1', model: 'm' },
    principal: '00000000-0000-4000-8000-000000000000',
    clinician: null,
    department: null,
    type: 'medications.read',
    purpose: 'TREAT',
    elements: ['current_medications'],
    patient: hex,
    episode: hex,
    requestCommitment: hex,
    displayCommitment: hex,
    rulebook: hex,
    tier: 'T1',
    needs: { status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] },
    rules: ['agent.triage.current_medications', 'role.clinical_staff.can.medications', 'treatment_read', 'tier.action'],
    deadline: null,
  },
};

function pastOf(value: unknown): PastRequest {
  const found = fromLeaf(value);
  if (found.status !== 'request') throw new Error(found.status);
  return found.past;
}

describe('a past request', () => {
  it('is read from its leaf, with the roles that allowed it', () => {
    expect(pastOf(leaf)).toMatchObject({
      name: 'a'.repeat(26),
      recorded: { tier: 'T1' },
      request: { type: 'medications.read', agent_role: 'triage', role: ['clinical_staff'], names_patient: true },
    });
  });

  it.each([
    [{ ...leaf, kind: 'action.outcome' }, 'other'],
    [{ ...leaf, data: { ...leaf.data, tier: 'T9' } }, 'unreadable'],
    [{ ...leaf, v: 2 }, 'unreadable'],
    ['leaf', 'unreadable'],
  ])('is none in what is no leaf of one', (value, status) => {
    expect(fromLeaf(value).status).toBe(status);
  });

  it.each<[what: string, candidate: Rulebook, kinds: string[]]>([
    ['the same rulebook', shipped, []],
    ['a higher floor', changed('actions.yaml', /(medications.read:\n    tier:) T1/, '$1 T2'), ['tier_higher']],
    [
      'another seat',
      changed('tiers.yaml', 'role: clinical_staff, count: 1', 'role: clinician, count: 1'),
      ['asks_others'],
    ],
    ['a policy without its rule', changed('policy.yaml', /  - id: treatment_read[^]*?(?=  - id)/, ''), ['denied']],
    ['a type that is gone', changed('actions.yaml', /  medications.read:[^]*?\n\n/, ''), ['denied']],
  ])('is compared with its record under %s', (_what, candidate, kinds) => {
    const found = simulate(shipped, candidate, [pastOf(leaf)], never);
    expect(found.flatMap((change) => change.kinds)).toEqual(kinds);
  });

  it('that was denied and would be allowed is told', () => {
    const request = { verb: 'read', elements: ['current_medications'], purpose: 'TREAT', destination: 'treatment', agent_role: 'triage', role: ['clinician'] } as const; // prettier-ignore
    const open = changed('policy.yaml', '      - treatment_relationship: proven\n', '');
    expect(
      simulate(
        shipped,
        open,
        [{ name: 'one', request: { ...request, elements: ['current_medications'], role: ['clinician'] } }],
        never,
      ),
    ).toMatchObject([{ name: 'one', kinds: ['allowed'], before: { effect: 'deny' }, after: { effect: 'allow' } }]);
  });

  it('with a word that the rulebook does not know is no answer, and is told', () => {
    const said: string[] = [];
    const past = [{ name: 'one', request: { verb: 'read' as const, elements: 'medicine' } }];
    expect(simulate(shipped, shipped, past, ({ message }) => said.push(message))).toEqual([]);
    expect(said).toEqual(['unknown field "medicine"']);
  });
});
