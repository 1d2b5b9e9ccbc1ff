import { describe, expect, it } from '@jest/globals';
import { role } from '../../../src/action/ids.js';
import { eligibility, type EligibilityFacts } from '../../../src/approval/eligibility.js';
import { orderMeaning, type Needs } from '../../../src/approval/quorum.js';
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
  meaning: 'approve.access',
  needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 1 }] },
  principal: personOf('bo'),
  owner: personOf('cy'),
};
const needs: Needs = {
  status: 'quorum',
  factors: [
    { role: role('clinician'), count: 1, order: true },
    { role: role('senior_clinician'), or: [role('pharmacist')], count: 1 },
  ],
};
const ordering = { needs, meaning: orderMeaning, actingRoles: roles('clinician', 'senior_clinician') };
const pharmacist = { approver: { ...ada, roles: roles('pharmacist') }, actingRoles: roles('pharmacist') };
const officer = { ...ada, roles: roles('privacy_officer') };
const refused = (code: string) => ({ status: 'refused', code });
const eligible = (...names: string[]) => ({ status: 'eligible', roles: names });

describe('who may vote', () => {
  it.each<[promise: string, Partial<EligibilityFacts>, answer: object]>([
    ['somebody who holds the role, acts in it and is asked', {}, eligible('clinical_staff')],
    ['nobody who is the principal', { principal: ada.person }, refused('vote.self')],
    ['nobody who owns the agent', { owner: ada.person }, refused('vote.self')],
    ['not the principal even to deny', { principal: ada.person, verdict: 'deny' }, refused('vote.self')],
    ['not the owner even to deny', { owner: ada.person, verdict: 'deny' }, refused('vote.self')],
    ['somebody though the agent is gone', { owner: undefined }, eligible('clinical_staff')],
    ['the principal to sign the order', { ...ordering, principal: ada.person }, eligible('clinician')],
    [
      'not the principal to countersign it',
      { ...ordering, principal: ada.person, meaning: 'approve.access' },
      refused('vote.self'),
    ],
    ['not the owner to sign the order', { ...ordering, owner: ada.person }, refused('vote.self')],
    [
      'not the principal to order where no order is asked for',
      { principal: ada.person, meaning: orderMeaning },
      refused('vote.wrong_role'),
    ],
    ['a clinician to order, in that role alone', ordering, eligible('clinician')],
    [
      'a senior clinician to countersign, in that role alone',
      { ...ordering, meaning: 'approve.access' },
      eligible('senior_clinician'),
    ],
    ['a pharmacist to countersign', { needs, ...pharmacist }, eligible('pharmacist')],
    ['no pharmacist to order', { ...ordering, ...pharmacist }, refused('vote.wrong_role')],
    ['no clinician to countersign', { needs, actingRoles: roles('clinician') }, refused('vote.wrong_role')],
    [
      'a clinician to deny what a clinician may order',
      { needs, actingRoles: roles('clinician'), verdict: 'deny', meaning: 'deny.access' },
      eligible('clinician'),
    ],
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
