import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { canonicalDigest } from '../../../src/audit/bytes.js';
import type { PasskeyId } from '../../../src/passkey/ids.js';
import { proposalSchema, type ProposalId } from '../../../src/rulebook/change/change.js';
import { rulebookHistory } from '../../../src/rulebook/change/history.tx.js';
import { RulebookError } from '../../../src/rulebook/problem.js';
import { clinic } from '../approval/stage.js';
import { changeStage, type ChangeStage, type Opened } from './change-stage.js';

let stage: ChangeStage;
beforeAll(async () => {
  stage = await changeStage();
  for (const name of ['elif', 'chen', 'dora', 'amara'] as const) await stage.enrol(name);
});
afterAll(() => stage?.end());

let hours = 4;
/** A rulebook that nobody proposed yet. */
const another = (): number => (hours += 1);
const refused = (code: string) => ({ status: 'refused', code });
const signed = { status: 'signed' };

async function opened(proposal: ProposalId, by: 'elif' | 'chen' | 'dora'): Promise<Opened> {
  const found = await stage.open(proposal, by);
  if (found.status !== 'opened') throw new Error(found.code);
  return found;
}

describe('a change of the rules', () => {
  it('governs once two people have signed it, one of them an officer, and each step is on the log', async () => {
    const base = await stage.active();
    const content = stage.content(another());
    const proposed = await stage.propose('amara', content, 'Shorter nights');
    if (proposed.status !== 'proposed') throw new Error(proposed.code);
    const { proposal, digest } = proposed.row;
    expect(digest).toBe(canonicalDigest(content));
    expect(proposed.differences).toEqual([{ path: 'tiers.tiers.T1.deadline', from: '4h', to: `${hours}h` }]);
    expect(await stage.active()).toBe(base);

    const [first, second] = [await opened(proposal, 'elif'), await opened(proposal, 'chen')];
    expect(first.statement).toMatchObject({
      proposal,
      digest,
      base,
      verdict: 'approve',
      actingRoles: ['privacy_officer'],
    });
    expect(await stage.send(first, 'elif')).toMatchObject(signed);
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unsigned'));
    expect(await stage.send(second, 'chen')).toMatchObject(signed);
    expect(await stage.active()).toBe(base);

    expect(await stage.activate(proposal)).toMatchObject({ status: 'activated', digest });
    expect(await stage.active()).toBe(digest);
    const leaves = await stage.leaves();
    const person = (name: 'elif' | 'chen' | 'amara') => stage.at.votes.person(name);
    expect(leaves.slice(-5)).toMatchObject([
      { kind: 'rulebook.proposed', data: { proposal, rulebook: digest, base, person: person('amara') } },
      {
        kind: 'rulebook.signed',
        data: { proposal, person: person('elif'), verdict: 'approve', statement: first.hash },
      },
      { kind: 'rulebook.refused', data: { proposal, code: 'rulebook.unsigned' } },
      { kind: 'rulebook.signed', data: { proposal, person: person('chen'), statement: second.hash } },
      {
        kind: 'rulebook.activated',
        data: {
          rulebook: digest,
          previous: base,
          way: 'signatures',
          proposal,
          signatures: [
            { person: person('elif'), statement: first.hash },
            { person: person('chen'), statement: second.hash },
          ],
        },
      },
    ]);
  });

  it('is activated once, however often it is asked for', async () => {
    const proposal = await stage.proposed('amara', another());
    await stage.sign(proposal, 'elif');
    await stage.sign(proposal, 'chen');
    const answers = await Promise.all([1, 2, 3].map(() => stage.activate(proposal)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 'activated' });
    expect(await stage.sign(proposal, 'dora')).toEqual(refused('rulebook.already_active'));
  });

  it('may be signed by who proposed it, beside somebody else', async () => {
    const proposal = await stage.proposed('elif', another());
    expect(await stage.sign(proposal, 'elif')).toMatchObject(signed);
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unsigned'));
    expect(await stage.sign(proposal, 'dora')).toMatchObject(signed);
    expect(await stage.activate(proposal)).toMatchObject({ status: 'activated' });
  });

  it('tells who proposed, signed and activated what', async () => {
    const open = await stage.proposed('amara', another());
    await stage.sign(open, 'elif');
    const { active, activations, proposals, names } = await rulebookHistory(stage.at.votes.db.pool('api'), clinic);
    expect(activations[0]).toMatchObject({
      digest: active,
      proposal: proposals.find(({ digest }) => digest === active)?.proposal,
    });
    expect(activations.at(-1)).toMatchObject({ ordinal: 1, proposal: null });
    const [newest] = proposals;
    expect(newest).toMatchObject({
      proposal: open,
      status: 'open',
      base: active,
      signatures: [{ verdict: 'approve' }],
    });
    expect(names.get(stage.at.votes.person('elif'))).toBe('elif');
  });
});

describe('a proposal', () => {
  it('is judged here again: what this build cannot use is not stored', async () => {
    await expect(stage.propose('amara', { ...Object(stage.content(another())), unheardOf: 1 })).rejects.toThrow(
      RulebookError,
    );
  });

  it('of the rulebook that governs is none, and a second one of the same neither', async () => {
    const proposal = await stage.proposed('amara', another());
    expect(await stage.propose('elif', stage.content(hours))).toMatchObject(refused('rulebook.already_proposed'));
    await stage.sign(proposal, 'elif');
    await stage.sign(proposal, 'chen');
    await stage.activate(proposal);
    expect(await stage.propose('elif', stage.content(hours))).toMatchObject(refused('rulebook.already_active'));
  });

  it('that somebody denied is over, and may be proposed anew', async () => {
    const proposal = await stage.proposed('amara', another());
    expect(await stage.sign(proposal, 'elif')).toMatchObject(signed);
    expect(await stage.sign(proposal, 'chen', { verdict: 'deny' })).toMatchObject(signed);
    expect(await stage.sign(proposal, 'dora')).toEqual(refused('rulebook.denied'));
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.denied'));
    expect(await stage.proposed('amara', hours)).not.toBe(proposal);
  });

  it('is over once another rulebook is active', async () => {
    const [late, early] = [await stage.proposed('amara', another()), await stage.proposed('amara', another())];
    await stage.sign(late, 'elif');
    await stage.sign(late, 'chen');
    const before = await opened(late, 'dora');
    await stage.sign(early, 'elif');
    await stage.sign(early, 'chen');
    expect(await stage.activate(early)).toMatchObject({ status: 'activated' });
    expect(await stage.activate(late)).toEqual(refused('rulebook.other_base'));
    expect(await stage.send(before, 'dora')).toEqual(refused('rulebook.other_base'));
    expect(await stage.sign(late, 'dora')).toEqual(refused('rulebook.other_base'));
  });

  it('stays over when the rules that it was made for govern again, and may be proposed anew', async () => {
    const govern = async (content: unknown): Promise<void> => {
      const proposed = await stage.propose('amara', content);
      if (proposed.status !== 'proposed') throw new Error(proposed.code);
      for (const by of ['elif', 'chen'] as const) await stage.sign(proposed.row.proposal, by);
      expect(await stage.activate(proposed.row.proposal)).toMatchObject({ status: 'activated' });
    };
    const rules = stage.content(another());
    await govern(rules);
    const proposal = await stage.proposed('amara', another());
    const asked = hours;
    for (const by of ['elif', 'chen'] as const) await stage.sign(proposal, by);
    const before = await opened(proposal, 'dora');
    await govern(stage.content(another()));
    await govern(rules);
    expect(await stage.active()).toBe(canonicalDigest(rules));

    expect(await stage.activate(proposal)).toEqual(refused('rulebook.other_base'));
    expect(await stage.send(before, 'dora')).toEqual(refused('rulebook.other_base'));
    expect(await stage.sign(proposal, 'dora')).toEqual(refused('rulebook.other_base'));
    const { proposals } = await rulebookHistory(stage.at.votes.db.pool('api'), clinic);
    expect(proposals.find((each) => each.proposal === proposal)).toMatchObject({ status: 'superseded' });
    expect(await stage.proposed('amara', asked)).not.toBe(proposal);
  });

  it('that is not there is unknown', async () => {
    const nobody = proposalSchema.parse('00000000-0000-4000-8000-000000000000');
    expect(await stage.sign(nobody, 'elif')).toEqual(refused('rulebook.unknown'));
    expect(await stage.activate(nobody)).toEqual(refused('rulebook.unknown'));
  });
});

describe('who signs', () => {
  /** Of dora, who has no other. */
  let passkey: PasskeyId;
  let proposal: ProposalId;
  beforeEach(async () => {
    await revoke();
    passkey = (await stage.at.enrol('dora')).enrolment;
    proposal = await stage.proposed('amara', another());
  });
  const revoke = () =>
    stage.at.votes.db.admin.query(
      'UPDATE countersign.passkey SET revoked_at = clock_timestamp() WHERE person = $1 AND revoked_at IS NULL',
      [stage.at.votes.person('dora')],
    );
  const vouch = () => stage.at.vouch('ben', passkey);
  const refusedLast = async () =>
    expect((await stage.leaves()).at(-1)).toMatchObject({
      kind: 'rulebook.refused',
      data: { proposal, person: stage.at.votes.person('dora'), code: 'rulebook.not_vouched' },
    });

  it('has a passkey that a colleague vouched for, and is told so before they sign', async () => {
    expect(await stage.open(proposal, 'dora')).toEqual(refused('rulebook.not_vouched'));
    await refusedLast();
    await vouch();
    expect(await stage.sign(proposal, 'dora')).toMatchObject(signed);
    expect(await stage.sign(proposal, 'elif')).toMatchObject(signed);
    expect(await stage.activate(proposal)).toMatchObject({ status: 'activated' });
  });

  it('has one that is not revoked', async () => {
    await vouch();
    await revoke();
    expect(await stage.open(proposal, 'dora')).toEqual(refused('rulebook.not_vouched'));
  });

  it.each(['approve', 'deny'] as const)('signs with that very passkey, also a verdict of %s', async (verdict) => {
    await vouch();
    const found = await stage.open(proposal, 'dora', { verdict });
    if (found.status !== 'opened') throw new Error(found.code);
    passkey = (await stage.at.enrol('dora')).enrolment; // another one, with which she signs from here on
    const assertion = stage.assertion(found, 'dora');
    expect(await stage.sendBytes(found, 'dora', assertion)).toEqual(refused('rulebook.not_vouched'));
    await refusedLast();
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unsigned')); // and not denied
    await vouch();
    expect(await stage.sendBytes(found, 'dora', assertion)).toEqual(refused('rulebook.not_vouched')); // as before
    expect(await stage.send(found, 'dora')).toMatchObject(signed);
  });
});

describe('of two at once', () => {
  let proposals: readonly ProposalId[];
  beforeEach(async () => {
    proposals = [await stage.proposed('amara', another()), await stage.proposed('amara', another())];
    for (const proposal of proposals) for (const by of ['elif', 'chen'] as const) await stage.sign(proposal, by);
  });

  it('one becomes active, and the other rests on rules that are gone', async () => {
    const answers = await Promise.all(proposals.map((proposal) => stage.activate(proposal)));
    expect(answers.filter(({ status }) => status === 'activated')).toHaveLength(1);
    expect(answers).toContainEqual(refused('rulebook.other_base'));
  });
});
