import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { role } from '../../../src/action/ids.js';
import { evaluateQuorum, type Factor, type Needs, type Vote } from '../../../src/approval/quorum.js';
import { personOf, type Name } from './people.js';

const clinical: Factor = { role: role('clinical_staff'), count: 1 };
const senior: Factor = { role: role('senior_clinician'), count: 1 };
const both: Needs = { status: 'quorum', factors: [clinical, senior] };
const two: Needs = { status: 'quorum', factors: [{ ...clinical, count: 2 }] };
const nobody: Needs = { status: 'nobody' };

const vote = (verdict: Vote['verdict'], approver: Name, ...roles: string[]): Vote => ({
  approver: personOf(approver),
  roles: roles.map(role),
  verdict,
});
const yes = (approver: Name, ...roles: string[]) => vote('approve', approver, ...roles);

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
          const seats =
            needs.status === 'quorum' ? needs.factors.flatMap(({ role: of, count }) => Array(count).fill(of)) : [];
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
function canSit([seat, ...seats]: readonly string[], people: readonly Vote[]): boolean {
  if (seat === undefined) return true;
  return people.some((person, at) => person.roles.some((of) => of === seat) && canSit(seats, people.toSpliced(at, 1)));
}

const someRoles = ['clinical_staff', 'senior_clinician', 'privacy_officer'];
const anyRoles = () => fc.subarray(someRoles).map((names) => names.map(role));
const anyPerson = () => fc.constantFrom<Name[]>('ada', 'bo', 'cy', 'di', 'ed').map(personOf);
const anyApproval = () =>
  fc.record({ approver: anyPerson(), roles: anyRoles(), verdict: fc.constant('approve' as const) });
const anyVote = () =>
  fc.record({
    approver: fc.constantFrom<Name[]>('ada', 'bo').map(personOf),
    roles: anyRoles(),
    verdict: fc.constantFrom<Vote['verdict'][]>('approve', 'request_changes'),
  });
const anyNeeds = () =>
  fc
    .tuple(anyFactor(), fc.array(anyFactor(), { maxLength: 2 }))
    .map(([first, more]): Needs => ({ status: 'quorum', factors: [first, ...more] }));
const anyFactor = () =>
  fc.record({ role: fc.constantFrom(...someRoles).map(role), count: fc.integer({ min: 1, max: 2 }) });
