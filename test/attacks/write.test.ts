import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PoolClient } from 'pg';
import { digest, role, type Digest } from '../../src/action/ids.js';
import { appendLeaf } from '../../src/audit/append.store.js';
import { canonicalDigest } from '../../src/audit/bytes.js';
import { inTenant } from '../../src/database/transaction.js';
import { vouchingSchema, type VouchingId } from '../../src/passkey/ids.js';
import { vouchingHash } from '../../src/passkey/vouching.js';
import {
  findVouching,
  insertVouching,
  insertWord,
  recordWord,
  statementOf,
  wordFor,
} from '../../src/passkey/vouching.store.js';
import { writeReadings } from '../../src/ehr/write-elements.js';
import { before, codeOf, dora, elif, writeStage, type Ready, type WriteStage } from '../integration/ehr/write-stage.js';
import { chen, clinic, type OpenedAction } from '../integration/warrant/stage.js';
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
      'another record’s name in the shown text, and the revision made to fit',
      async ({ of }) => {
        const renamed = { coded: null, date: null, name: 'Zephyrolol', status: 'active', text: before }; // in canonical order
        await at.reseal(of, 'display/2', (content) => ({
          ...content,
          change: { ...Object(content['change']), record: renamed },
        }));
        await fit('display_commitment', 'display/2')(of);
      },
      'warrant.other_request',
    ],
    [
      'another patient’s name in the shown text, and the revision made to fit',
      async ({ of }) => {
        const patient = { birthDate: '1970-01-01', name: 'Somebody Else' }; // in canonical order
        await at.reseal(of, 'display/2', (content) => ({
          ...content,
          change: { ...Object(content['change']), patient },
        }));
        await fit('display_commitment', 'display/2')(of);
      },
      'warrant.unapproved',
    ],
    [
      'no patient in the shown text',
      ({ of }) =>
        at.reseal(of, 'display/2', (content) => ({
          ...content,
          change: { ...Object(content['change']), patient: undefined },
        })),
      'warrant.other_request',
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

describe('the words for passkeys under a warrant of T3 are verified again', () => {
  /** Elif's passkey, and the word that dora gave for it with hers. */
  const about = () => at.passkeys.elif;
  const expectKept = async ({ of, target, warrant }: Ready) => {
    expect(await write({ of, warrant })).toBe('warrant.unapproved');
    expect(at.sent(of)).toEqual([]);
    expect(at.ehr.versions(target)).toHaveLength(1);
    expect(await at.events(of)).toEqual(['warrant.unapproved']);
  };
  /** Does it, has the gateway refuse, and puts back what was there. */
  const attacked = async (table: string, attack: string) => {
    const ready = await at.readyDeletion();
    await at.tamper(`CREATE TABLE kept AS TABLE countersign.${table}`);
    await at.tamper(attack, `countersign.${table}`);
    await expectKept(ready);
    const columns = table === 'vouched' ? 'passkey' : 'vouching';
    await at.tamper(
      `DELETE FROM countersign.${table} t WHERE NOT EXISTS (SELECT FROM kept k WHERE k.${columns} = t.${columns});
       UPDATE countersign.${table} t SET ${restored[table]} FROM kept k WHERE k.${columns} = t.${columns};
       INSERT INTO countersign.${table} SELECT * FROM kept ON CONFLICT DO NOTHING; DROP TABLE kept`,
      `countersign.${table}`,
    );
    expect(await write(await at.readyDeletion())).toMatchObject({ status: 'performed' });
  };
  const restored: Readonly<Record<string, string>> = {
    vouched: 'vouching = k.vouching, word_sha256 = k.word_sha256, voucher_passkey = k.voucher_passkey',
    vouching: 'passkey = k.passkey, person = k.person, voucher = k.voucher',
    vouching_word: 'word = k.word',
  };
  const wordOf = (passkey: string) =>
    `(SELECT w.word FROM countersign.vouching_word w JOIN countersign.vouching v USING (tenant, vouching)
       WHERE v.passkey = '${passkey}')`;
  const words = (set: string) =>
    `UPDATE countersign.vouching_word SET word = ${set}
      WHERE vouching = (SELECT vouching FROM countersign.vouched WHERE passkey = '${about()}')`;

  it.each<[what: string, table: string, attack: () => string]>([
    ['a word that is gone', 'vouched', () => `DELETE FROM countersign.vouched WHERE passkey = '${about()}'`],
    [
      'a word whose voucher has none',
      'vouched',
      () => `DELETE FROM countersign.vouched WHERE passkey = '${at.passkeys.dora}'`,
    ],
    ['the signature of another word', 'vouching_word', () => words(wordOf(at.passkeys.dora))],
    ['another signature', 'vouching_word', () => words(`word || '{"signature": "AAAA"}'`)],
    [
      'a word in the name of somebody else',
      'vouching',
      () => `UPDATE countersign.vouching SET voucher = '${chen}' WHERE passkey = '${about()}'`,
    ],
    [
      'a word for the passkey of somebody else',
      'vouching',
      () => `UPDATE countersign.vouching SET person = '${chen}' WHERE passkey = '${about()}'`,
    ],
  ])('%s', (_what, table, attack) => attacked(table, attack()));

  it('a voucher’s passkey that was revoked before; revoked afterwards it still counts', async () => {
    const ready = await at.readyDeletion();
    const given = `(SELECT given_at FROM countersign.vouched WHERE passkey = '${at.passkeys.dora}')`;
    const revoke = (when: string) =>
      at.tamper(`UPDATE countersign.passkey SET revoked_at = ${when} WHERE person = '${chen}'`, 'countersign.passkey');
    await revoke(`${given} - interval '1 second'`);
    await expectKept(ready);
    await revoke(`${given} + interval '1 second'`);
    expect(await write(ready)).toMatchObject({ status: 'performed' });
    await revoke('NULL');
  });

  describe('with the login of governance', () => {
    const byGovernance = <T>(work: (tx: PoolClient) => Promise<T>) => inTenant(at.db.pool('governance'), clinic, work);

    it('no word is written by hand', async () => {
      for (const table of ['vouching', 'vouching_word', 'vouched'])
        for (const statement of [
          `INSERT INTO countersign.${table} SELECT * FROM countersign.${table}`,
          `UPDATE countersign.${table} SET tenant = tenant`,
          `DELETE FROM countersign.${table}`,
        ])
          await expect(byGovernance((tx) => tx.query(statement))).rejects.toMatchObject({ code: '42501' });
    });

    it('a word that nobody signed, under a leaf of its own, counts for nothing', async () => {
      const fresh = await at.voters.enrol('elif', elif); // of the attacker's making, as far as the log can tell
      const vouching = vouchingSchema.parse(randomUUID());
      const row = await inTenant(at.db.pool('api'), clinic, async (tx) => {
        await insertVouching(tx, vouching, fresh, dora);
        return findVouching(tx, vouching);
      });
      if (!row) throw new Error('no vouching');
      const word = await copiedWord(vouching);
      await byGovernance(async (tx) => {
        const voucherPasskey = at.passkeys.dora;
        expect(await recordWord(tx, { vouching, name: word.name, voucherPasskey, counter: 0 })).toBeUndefined();
        await appendLeaf(tx, {
          kind: 'passkey.vouched',
          key: vouching,
          data: {
            vouching,
            passkey: fresh,
            person: elif,
            voucher: dora,
            voucherPasskey,
            statement: vouchingHash(statementOf(row), sha256),
            method: 'passkey',
            proof: canonicalDigest(word.word),
          },
        });
      });
      await expectKept(await at.readyDeletion()); // elif signed with the passkey that she has now
    });

    it('a word in no table, under a leaf of its own, counts for nothing', async () => {
      const fresh = await at.voters.enrol('elif', elif);
      const vouching = vouchingSchema.parse(randomUUID());
      await byGovernance((tx) =>
        appendLeaf(tx, {
          kind: 'passkey.vouched',
          key: vouching,
          data: {
            vouching,
            passkey: fresh,
            person: elif,
            voucher: dora,
            voucherPasskey: at.passkeys.dora,
            statement: 'A'.repeat(43),
            method: 'passkey',
            proof: digest('77'.repeat(32)),
          },
        }),
      );
      await expectKept(await at.readyDeletion());
    });

    /** Dora's true assertion of before, noted for another vouching by whoever has the API too. */
    async function copiedWord(vouching: VouchingId) {
      const word = await inTenant(at.db.pool('api'), clinic, (tx) => wordFor(tx, at.passkeys.elif));
      if (!word) throw new Error('no word');
      const name = await inTenant(at.db.pool('api'), clinic, (tx) => insertWord(tx, vouching, dora, word.word));
      if (!name) throw new Error('not noted');
      return { name, word: word.word };
    }
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
