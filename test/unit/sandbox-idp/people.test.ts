import { describe, expect, it } from '@jest/globals';
import { agentScopes, personScopes, sandboxPeople, scopesOf } from '../../../sandbox/src/idp/people.js';

const holders = (scope: string) =>
  sandboxPeople.filter((person) => scopesOf(person).includes(scope)).map(({ sub }) => sub);

describe('the sandbox people', () => {
  it.each<[scope: string, people: string[]]>([
    ['approvals:vote', ['amara', 'ben', 'chen', 'dora', 'farid', 'elif', 'sami']],
    ['approvals:read', ['amara', 'ben', 'chen', 'dora', 'farid', 'elif', 'sami']],
    ['actions:act-for', ['amara', 'ben', 'chen', 'dora', 'farid']],
    ['audit:read', ['elif', 'sami']],
    ['operator', ['finn']],
    ['rulebook:change', ['chen', 'dora', 'elif', 'sami', 'finn']],
  ])('%s is held by whom the role allows', (scope, people) => {
    expect(holders(scope)).toEqual(people);
  });

  it('can never be given what makes an agent: the right to request or release', () => {
    expect(personScopes).not.toContain('actions:request');
    expect(personScopes).not.toContain('actions:release');
  });

  it('leave agents no scope of an approver', () => {
    expect(agentScopes.filter((scope) => /^(approvals|audit|operator|rulebook)/.test(scope))).toEqual([]);
  });

  it('are somebody in the EHR exactly where they may be acted for', () => {
    const known = sandboxPeople.filter(({ practitioner }) => practitioner !== undefined);
    expect(known.map(({ sub }) => sub)).toEqual(holders('actions:act-for'));
    for (const { sub, practitioner } of known) expect(practitioner).toBe(`Practitioner/${sub}`);
  });
});
