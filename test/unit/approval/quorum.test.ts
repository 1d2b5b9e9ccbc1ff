import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { role } from '../../../src/action/ids.js';
import {
  evaluateQuorum,
  orderMeaning,
  rolesOf,
  type Factor,
  type Needs,
  type Vote,
} from '../../../src/approval/quorum.js';
import { personOf, type Name } from './people.js';

const clinical: Factor = { role: role('clinical_staff'), count: 1 };
const senior: Factor = { role: role('senior_clinician'), count: 1 };
const both: Needs = { status: 'quorum', factors: [clinical, senior] };
const two: Needs = { status: 'quorum', factors: [{ ...clinical, count: 2 }] };
const nobody: Needs = { status: 'nobody' };
const order: Factor = { role: role('clinician'), count: 1, order: true };
const independent: Factor = { ...senior, or: [role('pharmacist')] };
const ordered: Needs = { status: 'quorum', factors: [order, independent] };

const vote = (verdict: Vote['verdict'], approver: Name, ...roles: string[]): Vote => ({
  approver: personOf(approver),
  roles: roles.map(role),
  verdict,
  meaning: { approve: 'approve.access', deny: 'deny.access', request_changes: 'changes.requested' }[verdict],
});
const yes = (approver: Name, ...roles: string[]) => vote('approve', approver, ...roles);
const orders = (approver: Name, ...roles: string[]): Vote => ({ ...yes(approver, ...roles), meaning: orderMeaning });

describe('a quorum', () => {
  it.each<[promise: string, needs: Needs, votes: Vote[], status: string]>([
    ['asks nobody only when that is what was said', nobody, [], 'met'],
    ['is not met by silence', both, [], 'open'],
    ['waits for the other role', both, [yes('ada', 'clinical_staff')], 'open'],
    [
      'counts one human once, whatever roles they hold',
      both,
      [yes('ada', 'clinical_staff', 'senior_clinician')],
      'open',
    ],
    [
      'counts one human once, however often they vote',
      two,
      [yes('ada', 'clinical_staff'), yes('ada', 'clinical_staff')],
      'open',
    ],
    ['counts no role that it does not ask for', both, [yes('ada', 'pharmacist'), yes('bo', 'auditor')], 'open'],
    ['counts nobody who acts in no role', two, [yes('ada'), yes('bo')], 'open'],
    [
      'moves the person with two roles aside for one who has only the other',
      both,
      [yes('ada', 'clinical_staff', 'senior_clinician'), yes('bo', 'clinical_staff')],
      'met',
    ],
    [
      'does not take a request for changes as a yes',
      both,
      [yes('ada', 'clinical_staff'), vote('request_changes', 'bo', 'senior_clinician')],
      'changes_requested',
    ],
    ['is ended by a deny even where nobody is asked', nobody, [vote('deny', 'ada')], 'denied'],
    [
      'takes a deny before a request for changes',
      both,
      [vote('request_changes', 'ada', 'clinical_staff'), vote('deny', 'bo')],
      'denied',
    ],
  ])('%s', (_promise, needs, votes, status) => {
    expect(evaluateQuorum(needs, votes).status).toBe(status);
  });

  it('says how many seats are left', () => {
    expect(evaluateQuorum(both, [yes('ada', 'clinical_staff')])).toEqual({ status: 'open', seatsLeft: 1 });
  });

  it('names who sits where', () => {
    const votes = [yes('ada', 'clinical_staff', 'senior_clinician'), yes('bo', 'clinical_staff')];
    expect(evaluateQuorum(both, votes)).toEqual({
      status: 'met',
      seats: [
        { role: 'clinical_staff', approver: personOf('bo') },
        { role: 'senior_clinician', approver: personOf('ada') },
      ],
    });
  });

  it.each<[promise: string, needs: Needs, votes: Vote[], status: string]>([
    [
      'is met by the order and by somebody else’s countersignature',
      ordered,
      [orders('ada', 'clinician'), yes('bo', 'senior_clinician')],
      'met',
    ],
    [
      'takes either of the roles that fill a seat',
      ordered,
      [orders('ada', 'clinician'), yes('bo', 'pharmacist')],
      'met',
    ],
    [
      'takes no role that fills none',
      ordered,
      [orders('ada', 'clinician'), yes('bo', 'clinician', 'clinical_staff')],
      'open',
    ],
    ['waits for the order', ordered, [yes('bo', 'senior_clinician'), yes('cy', 'pharmacist')], 'open'],
    [
      'does not take a countersignature for the order, whatever its author is',
      ordered,
      [yes('ada', 'clinician', 'senior_clinician'), yes('bo', 'senior_clinician')],
      'open',
    ],
    [
      'does not take an order for a countersignature, whatever its author is',
      ordered,
      [orders('ada', 'clinician', 'senior_clinician'), orders('bo', 'clinician', 'senior_clinician')],
      'open',
    ],
    [
      'lets nobody countersign what they ordered',
      ordered,
      [orders('ada', 'clinician', 'senior_clinician'), yes('ada', 'clinician', 'senior_clinician')],
      'open',
    ],
    [
      'lets nobody order what they countersigned',
      ordered,
      [yes('ada', 'clinician', 'senior_clinician'), orders('ada', 'clinician', 'senior_clinician')],
      'open',
    ],
    [
      'does not take a pharmacist’s order',
      ordered,
      [orders('ada', 'pharmacist'), yes('bo', 'senior_clinician')],
      'open',
    ],
    ['has no seat for an order where none is asked for', both, [orders('ada', 'clinical_staff')], 'open'],
    [
      'is ended by a deny after the order',
      ordered,
      [orders('ada', 'clinician'), vote('deny', 'bo', 'pharmacist')],
      'denied',
    ],
  ])('%s', (_promise, needs, votes, status) => {
    expect(evaluateQuorum(needs, votes).status).toBe(status);
    expect(evaluateQuorum(needs, votes.toReversed()).status).toBe(status);
  });

  it('names the role in which somebody sits, and who ordered', () => {
    expect(evaluateQuorum(ordered, [yes('bo', 'pharmacist'), orders('ada', 'clinician')])).toEqual({
      status: 'met',
      seats: [
        { role: 'clinician', approver: personOf('ada') },
        { role: 'pharmacist', approver: personOf('bo') },
      ],
    });
  });

  it('never is of one person where an order is asked for, however they vote', () => {
    const votes = fc.array(fc.record({ meaning: fc.constantFrom(orderMeaning, 'approve.access'), roles: anyRoles() }));
    fc.assert(
      fc.property(votes, (cast) => {
        const alone = cast.map((each): Vote => ({ ...yes('ada'), ...each }));
        expect(evaluateQuorum(ordered, alone).status).toBe('open');
      }),
    );
  });

  it('is ended by one deny, wherever it stands among the votes', () => {
    fc.assert(
      fc.property(fc.array(anyVote()), fc.nat(), (votes, at) => {
        const place = at % (votes.length + 1);
        const withDeny = [...votes.slice(0, place), vote('deny', 'cy'), ...votes.slice(place)];
        expect(evaluateQuorum(both, withDeny)).toEqual({ status: 'denied', by: personOf('cy') });
      }),
    );
  });

  it('does not depend on the order of the votes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyVote(), { selector: ({ approver }) => approver }), (votes) => {
        expect(evaluateQuorum(both, votes.toReversed()).status).toBe(evaluateQuorum(both, votes).status);
      }),
    );
  });

  it('is met exactly when everybody can sit: one person to a seat, each in a role that they act in', () => {
    fc.assert(
      fc.property(
        anyNeeds(),
        fc.uniqueArray(anyApproval(), { selector: ({ approver }) => approver }),
        (needs, votes) => {
          const factors = needs.status === 'quorum' ? needs.factors : [];
          const seats = factors.flatMap((factor) => Array<Factor>(factor.count).fill(factor));
          const state = evaluateQuorum(needs, votes);
          expect(state.status === 'met').toBe(canSit(seats, votes));
          const sitting = state.status === 'met' ? state.seats : [];
          expect(new Set(sitting.map(({ approver }) => approver)).size).toBe(sitting.length);
          for (const { role: of, approver } of sitting)
            expect(votes.find((each) => each.approver === approver)?.roles).toContain(of);
        },
      ),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a factor of %p people', (count) => {
    const needs: Needs = { status: 'quorum', factors: [{ ...clinical, count }] };
    expect(() => evaluateQuorum(needs, [])).toThrow(RangeError);
    expect(() => evaluateQuorum(needs, [vote('deny', 'ada')])).toThrow(RangeError);
  });
});

/** The obvious, slow way: try everybody on the first seat, and the rest on the rest. */
function canSit([seat, ...seats]: readonly Factor[], people: readonly Vote[]): boolean {
  if (seat === undefined) return true;
  const roles = rolesOf(seat);
  return people.some(
    (person, at) =>
      (person.meaning === orderMeaning) === (seat.order ?? false) &&
      person.roles.some((of) => roles.includes(of)) &&
      canSit(seats, people.toSpliced(at, 1)),
  );
}

const someRoles = ['clinical_staff', 'senior_clinician', 'privacy_officer', 'pharmacist'];
const anyRoles = () => fc.subarray(someRoles).map((names) => names.map(role));
const anyPerson = () => fc.constantFrom<Name[]>('ada', 'bo', 'cy', 'di', 'ed').map(personOf);
const anyApproval = () =>
  fc.record({
    approver: anyPerson(),
    roles: anyRoles(),
    verdict: fc.constant('approve' as const),
    meaning: fc.constantFrom('approve.access', 'approve.responsible', orderMeaning),
  });
const anyVote = () =>
  fc.record({
    approver: fc.constantFrom<Name[]>('ada', 'bo').map(personOf),
    roles: anyRoles(),
    verdict: fc.constantFrom<Vote['verdict'][]>('approve', 'request_changes'),
    meaning: fc.constant('approve.access'),
  });
const anyNeeds = () =>
  fc
    .tuple(anyFactor(), fc.array(anyFactor(), { maxLength: 2 }))
    .map(([first, more]): Needs => ({ status: 'quorum', factors: [first, ...more] }));
const anyFactor = () =>
  fc.record({
    role: fc.constantFrom(...someRoles).map(role),
    count: fc.integer({ min: 1, max: 2 }),
    or: fc.option(
      fc.constantFrom(...someRoles).map((name) => [role(name)]),
      { nil: undefined },
    ),
    order: fc.option(fc.constant(true as const), { nil: undefined }),
  });
