import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { digest, role, type Digest } from '../../src/action/ids.js';
import { writeReadings } from '../../src/ehr/write-elements.js';
import { before, codeOf, dora, elif, writeStage, type Ready, type WriteStage } from '../integration/ehr/write-stage.js';
import { chen, type OpenedAction } from '../integration/warrant/stage.js';
import { until } from '../support/until.js';

let at: WriteStage;
beforeAll(async () => {
  at = await writeStage();
});
afterAll(() => at.end());
afterEach(() => at.calm());

const write = ({ of, warrant }: Pick<Ready, 'of' | 'warrant'>) => codeOf(at.write(of, warrant));

/** Not made, not even asked for, and somebody hears of it. */
const expectRefused = async ({ of, target, warrant }: Ready, code: string) => {
  at.heard();
  expect(await write({ of, warrant })).toBe(code);
  expect(at.heard()).toEqual([]);
  expect(at.story(target)).toEqual([before]);
  expect(await at.events(of)).toEqual([code]);
  expect(await at.use(warrant)).toBeUndefined();
};

/** An action that waits for votes. */
const waiting = async () => {
  const target = await at.order();
  const of = await at.asked(target);
  await at.prepare(of);
  return { of, target };
};
const dose = (content: Record<string, unknown>) => {
  const changed = structuredClone(Object(content));
  changed.resource.dosageInstruction[0].text = 'Ten tablets at once';
  return changed;
};

type Attack = [what: string, attack: (ready: Ready) => Promise<unknown>, code: string];

describe('whoever holds database and keys cannot have written what nobody approved', () => {
  const fit = (column: string, path: string) => async (of: OpenedAction) => {
    const { commitment } = await at.unsealed(of, path);
    await at.tamper(
      `UPDATE countersign.revision SET ${column} = '${commitment}' WHERE action = '${of.action}' AND revision = 2`,
      'countersign.revision',
    );
  };

  it.each<Attack>([
    ['another dose in the proposal', ({ of }) => at.reseal(of, 'proposal/2', dose), 'warrant.other_request'],
    [
      'another dose in the proposal, and the revision made to fit',
      async ({ of }) => {
        await at.reseal(of, 'proposal/2', dose);
        await fit('proposal_commitment', 'proposal/2')(of);
      },
      'warrant.other_request',
    ],
    [
      'another patient’s record in the proposal',
      ({ of }) =>
        at.reseal(of, 'proposal/2', (content) => ({
          ...content,
          target: { type: 'MedicationRequest', id: 'canary-medication-1' },
          resource: { ...Object(content['resource']), id: 'canary-medication-1' },
        })),
      'warrant.other_request',
    ],
    [
      'the same proposal sealed again',
      ({ of }) => at.reseal(of, 'proposal/2', (same) => same),
      'warrant.other_request',
    ],
    ['no proposal', ({ of }) => at.reseal(of, 'proposal/2', () => ({})), 'warrant.other_request'],
    [
      'another shown text',
      ({ of }) => at.reseal(of, 'display/2', (content) => ({ ...content, title: 'Read opening hours' })),
      'warrant.other_request',
    ],
    [
      'another shown text, and the revision made to fit',
      async ({ of }) => {
        await at.reseal(of, 'display/2', (same) => same);
        await fit('display_commitment', 'display/2')(of);
      },
      'warrant.unapproved',
    ],
    [
      'another target in the request',
      ({ of }) =>
        at.reseal(of, 'request', (content) => ({
          ...content,
          input: { ...Object(content['input']), target: 'MedicationRequest/canary-medication-1' },
        })),
      'warrant.other_request',
    ],
    [
      'another base version',
      ({ of }) =>
        at.tamper(
          `UPDATE countersign.revision SET base_version = '2' WHERE action = '${of.action}' AND revision = 2`,
          'countersign.revision',
        ),
      'warrant.other_request',
    ],
  ])('%s', async (_what, attack, code) => {
    const ready = await at.ready();
    await attack(ready);
    await expectRefused(ready, code);
  });
});

describe('the votes under a warrant are verified again', () => {
  const inVotes = (set: string, { of }: Ready, whose = dora) =>
    at.tamper(
      `UPDATE countersign.vote SET ${set} WHERE action = '${of.action}' AND approver = '${whose}'`,
      'countersign.vote',
    );
  const inChallenges = (set: string, { of }: Ready) =>
    at.tamper(
      `UPDATE countersign.challenge SET ${set} WHERE action = '${of.action}' AND approver = '${dora}'`,
      'countersign.challenge',
    );
  const inPasskeys = (set: string) =>
    at.tamper(`UPDATE countersign.passkey SET ${set} WHERE person = '${dora}'`, 'countersign.passkey');
  const others = `SELECT proof FROM countersign.vote WHERE approver = '${dora}' AND action <>`;

  it.each<Attack>([
    [
      'a vote that is gone',
      ({ of }) =>
        at.tamper(
          `DELETE FROM countersign.vote WHERE action = '${of.action}' AND approver = '${dora}'`,
          'countersign.vote',
        ),
      'warrant.unapproved',
    ],
    [
      'her signature under another decision',
      async (ready) => {
        await at.ready(); // one more action on which she voted
        await inVotes(`proof = (${others} '${ready.of.action}' LIMIT 1)`, ready);
      },
      'warrant.unapproved',
    ],
    ['a proof that is none', (ready) => inVotes(`proof = '{"kind":"trust me"}'`, ready), 'warrant.unapproved'],
    [
      'a no that was made a yes',
      (ready) => inChallenges(`meaning = 'approve.responsible'`, ready),
      'warrant.unapproved',
    ],
    [
      'roles that she did not act in',
      (ready) => inChallenges(`acting_roles = '{pharmacist}'`, ready),
      'warrant.unapproved',
    ],
    ['a vote for another tier', (ready) => inChallenges(`tier = 'T1'`, ready), 'warrant.unapproved'],
    ['a vote of somebody else', (ready) => inChallenges(`approver = '${elif}'`, ready), 'warrant.unapproved'],
  ])('%s', async (_what, attack, code) => {
    const ready = await at.ready();
    await attack(ready);
    await expectRefused(ready, code);
  });

  it.each([
    [
      'another key in her passkey',
      `public_key = (SELECT public_key FROM countersign.passkey WHERE person = '${chen}')`,
    ],
    ['a passkey of somebody else', `person = '${elif}'`],
    ['a passkey of another site', `rp_id = 'elsewhere.example'`],
    ['a passkey that was revoked since', `revoked_at = clock_timestamp()`],
  ])('%s', async (_what, set) => {
    const ready = await at.ready();
    const kept = await at.db.admin.query(
      'SELECT public_key, person, rp_id, revoked_at FROM countersign.passkey WHERE person = $1',
      [dora],
    );
    const { passkey } = (await at.db.admin.query('SELECT passkey FROM countersign.passkey WHERE person = $1', [dora]))
      .rows[0];
    await inPasskeys(set);
    await expectRefused(ready, 'warrant.unapproved');
    const { public_key: key, person, rp_id: rp } = kept.rows[0];
    await at.tamper(
      `UPDATE countersign.passkey SET public_key = '\\x${key.toString('hex')}', person = '${person}', rp_id = '${rp}',
              revoked_at = NULL WHERE passkey = '${passkey}'`,
      'countersign.passkey',
    );
    expect(await write(ready)).toMatchObject({ status: 'performed' });
  });

  const order = (of: OpenedAction) =>
    at.voters.vote('chen', { action: of.action, approver: chen, roles: [role('clinician')], meaning: 'approve.order' });
  const seat = (of: OpenedAction) =>
    at.voters.vote('dora', {
      action: of.action,
      approver: dora,
      roles: [role('senior_clinician')],
      meaning: 'approve.access',
    });
  const minted = async (
    { of, target }: Pick<Ready, 'of' | 'target'>,
    approvals: readonly string[],
    more: object = {},
  ): Promise<Ready> => ({ of, target, warrant: await at.mintWrite(of, approvals.map(digest), more) });

  it('one vote where two are asked for', async () => {
    const asked = await waiting();
    await expectRefused(await minted(asked, [(await seat(asked.of)).leaf]), 'warrant.unapproved');
  });

  it('one vote twice', async () => {
    const asked = await waiting();
    const { leaf } = await seat(asked.of);
    await expectRefused(await minted(asked, [leaf, leaf]), 'warrant.unapproved');
  });

  it('an order that is nobody’s countersignature', async () => {
    const asked = await waiting();
    const { leaf } = await order(asked.of);
    const second = await at.voters.vote('dora', {
      action: asked.of.action,
      approver: dora,
      roles: [role('clinician')],
      meaning: 'approve.order',
    });
    await expectRefused(await minted(asked, [leaf, second.leaf]), 'warrant.unapproved');
  });

  it('votes on another action', async () => {
    const asked = await waiting();
    const other = await waiting();
    await expectRefused(await minted(asked, await at.approve(other.of)), 'warrant.unapproved');
  });

  it('votes that are on no log', async () => {
    const asked = await waiting();
    await expectRefused(await minted(asked, ['88'.repeat(32), '99'.repeat(32)]), 'warrant.unapproved');
  });

  it('a no that the warrant leaves out', async () => {
    const asked = await waiting();
    const yes = [(await order(asked.of)).leaf, (await seat(asked.of)).leaf];
    await at.voters.vote('elif', {
      action: asked.of.action,
      approver: elif,
      roles: [role('privacy_officer')],
      verdict: 'deny',
      meaning: 'deny.access',
    });
    await expectRefused(await minted(asked, yes), 'warrant.unapproved');
  });

  it('a sign-in where a passkey is asked for', async () => {
    const asked = await waiting();
    const signIn = await at.voters.vote('dora', {
      action: asked.of.action,
      approver: dora,
      roles: [role('senior_clinician')],
      meaning: 'approve.access',
      proof: { kind: 'idp', idToken: 'header.payload.signature' },
    });
    await expectRefused(await minted(asked, [(await order(asked.of)).leaf, signIn.leaf]), 'warrant.unapproved');
  });

  it.each(['T0', 'T1', 'T3'] as const)('a warrant that calls itself %s', async (tier) => {
    const asked = await waiting();
    const approvals = [(await order(asked.of)).leaf, (await seat(asked.of)).leaf];
    await expectRefused(await minted(asked, approvals, { tier }), 'warrant.unapproved');
  });

  it('a warrant for another proposal', async () => {
    const asked = await waiting();
    const approvals = [(await order(asked.of)).leaf, (await seat(asked.of)).leaf];
    const other: { argsCommitment: Digest } = { argsCommitment: digest('77'.repeat(32)) };
    await expectRefused(await minted(asked, approvals, other), 'warrant.other_request');
  });

  it('a warrant whose row names other votes than its token', async () => {
    const ready = await at.ready();
    await at.tamper(
      `UPDATE countersign.warrant SET approvals = approvals[1:1] WHERE jti = '${ready.warrant.jti}'`,
      'countersign.warrant',
    );
    await expectRefused(ready, 'warrant.altered');
  });

  it('a warrant of the revision before, once the record moved on', async () => {
    const ready = await at.ready();
    await at.db.admin.query(`UPDATE countersign.action SET status = 'preparing' WHERE action = $1`, [ready.of.action]);
    await at.prepare(ready.of);
    await at.mintWrite(ready.of, await at.approve(ready.of));
    await expectRefused(ready, 'warrant.other_request');
  });
});

describe('the closed world of a write', () => {
  const narrowed = async (change: (reading: ReturnType<typeof writeReadings>[number]) => object) => {
    const asked = await waiting();
    const elements = writeReadings('medication.update', ['current_medications'], 'write').map((reading) => ({
      ...reading,
      ...change(reading),
    }));
    return { ...asked, warrant: await at.mintWrite(asked.of, await at.approve(asked.of), { elements }) };
  };

  it.each<[what: string, change: Parameters<typeof narrowed>[0]]>([
    ['no Provenance', ({ searches }) => ({ searches: searches.filter(({ type }) => type !== 'Provenance') })],
    ['no leave to update', ({ scopes }) => ({ scopes: scopes.filter((scope) => !scope.endsWith('.u')) })],
  ])('a warrant with %s: nothing is sent', async (_what, change) => {
    const { of, target, warrant } = await narrowed(change);
    expect(await write({ of, warrant })).toBe('warrant.other_element');
    expect(at.sent(of)).toEqual([]);
    expect(at.story(target)).toEqual([before]);
    expect(await at.events(of)).toEqual(['warrant.other_element']);
  });
});

describe('a checkpoint in the name of the log', () => {
  it('signed by another key covers nothing: nothing is sent', async () => {
    const { of, target, warrant } = await at.ready();
    await at.stopSigning();
    const writing = write({ of, warrant });
    await until(async () => (await at.kinds(of)).filter((kind) => kind === 'action.attempt')[1]);
    await at.forgeCheckpoint();
    setTimeout(() => at.advance(20_000), 300); // long enough to be looked at more than once
    expect(await writing).toBe('checkpoint.not_yet');
    expect(at.sent(of)).toEqual([]);
    expect(at.story(target)).toEqual([before]);
  });
});
