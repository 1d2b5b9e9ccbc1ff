import { describe, expect, it } from '@jest/globals';
import { role } from '../../../src/action/ids.js';
import { eligibility, type EligibilityFacts } from '../../../src/approval/eligibility.js';
import { personOf } from './people.js';

const roles = (...names: string[]) => names.map(role);
const ada: EligibilityFacts['approver'] = {
  person: personOf('ada'),
  active: true,
  suspended: false,
  trained: true,
  roles: roles('clinical_staff', 'clinician', 'senior_clinician'),
};
const facts: EligibilityFacts = {
  approver: ada,
  actingRoles: roles('clinical_staff'),
  mayDeny: roles('privacy_officer'),
  verdict: 'approve',
  needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 1 }] },
  involved: [personOf('bo')],
};
const officer = { ...ada, roles: roles('privacy_officer') };
const refused = (code: string) => ({ status: 'refused', code });
const eligible = (...names: string[]) => ({ status: 'eligible', roles: names });

describe('who may vote', () => {
  it.each<[promise: string, Partial<EligibilityFacts>, answer: object]>([
    ['somebody who holds the role, acts in it and is asked', {}, eligible('clinical_staff')],
    ['nobody who is the principal or owns the agent', { involved: [ada.person] }, refused('vote.self')],
    ['not them even to deny', { involved: [ada.person], verdict: 'deny' }, refused('vote.self')],
    ['nobody who left', { approver: { ...ada, active: false } }, refused('vote.inactive')],
    ['nobody who is suspended', { approver: { ...ada, suspended: true } }, refused('vote.inactive')],
    ['nobody whose training lapsed', { approver: { ...ada, trained: false } }, refused('vote.untrained')],
    ['nobody in a role that they do not hold', { approver: { ...ada, roles: [] } }, refused('vote.wrong_role')],
    ['nobody in a role that they do not act in', { actingRoles: [] }, refused('vote.wrong_role')],
    ['nobody in a role that was not asked for', { actingRoles: roles('senior_clinician') }, refused('vote.wrong_role')],
    ['nobody where nobody is asked', { needs: { status: 'nobody' } }, refused('vote.wrong_role')],
    [
      'and only the roles that count are kept',
      { actingRoles: roles('clinician', 'clinical_staff') },
      eligible('clinical_staff'),
    ],
    [
      'the privacy officer to deny',
      { approver: officer, actingRoles: roles('privacy_officer'), verdict: 'deny' },
      eligible('privacy_officer'),
    ],
    [
      'the privacy officer not to approve what does not ask for one',
      { approver: officer, actingRoles: roles('privacy_officer') },
      refused('vote.wrong_role'),
    ],
    [
      'nor to ask for changes',
      { approver: officer, actingRoles: roles('privacy_officer'), verdict: 'request_changes' },
      refused('vote.wrong_role'),
    ],
  ])('%s', (_promise, more, answer) => {
    expect(eligibility({ ...facts, ...more })).toEqual(answer);
  });
});
