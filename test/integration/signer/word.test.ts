import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { inTenant } from '../../../src/database/transaction.js';
import { performStep } from '../../../src/ehr/steps.js';
import { tokenHash } from '../../../src/warrant/token-hash.js';
import { stage as warrantStage, type Stage } from '../warrant/stage.js';
import { clinic, signerStage, until, type SignerStage } from './stage.js';

let stage: SignerStage;
let warrants: Stage;
beforeEach(async () => {
  stage = await signerStage();
  warrants = await warrantStage(stage.db);
  // Whatever a fresh test database vouches for: here the signer itself has to.
  await stage.db.admin.query('DELETE FROM countersign.signer_state');
});
afterEach(async () => {
  await stage.end();
  warrants.end();
});

const wordRow = z.object({ status: z.string(), size: z.int(), old: z.boolean() });
const refusalRow = z.object({ refusal: z.string().nullable() });

/** What the signer said last; undefined before it said anything. */
async function word(): Promise<z.infer<typeof wordRow> | undefined> {
  const found = await stage.db.admin.query(
    `SELECT status, size::int, reported_at < clock_timestamp() - interval '6 seconds' AS old FROM countersign.signer_state`,
  );
  return found.rows.map((row) => wordRow.parse(row))[0];
}

/** What a gateway hears that opens a use of a fresh warrant; null when it may. */
async function opened(): Promise<string | null> {
  const minted = await warrants.mint(await warrants.open());
  return inTenant(stage.db.pool('ehr'), clinic, async (tx) => {
    const answer = await tx.query('SELECT refusal FROM countersign.warrant_use_open($1, $2, $3)', [
      minted.jti,
      performStep,
      tokenHash(minted.token),
    ]);
    return refusalRow.parse(answer.rows[0]).refusal;
  });
}

describe('the signer’s word', () => {
  it('is there when the first round has ended, and gateways act on it', async () => {
    await stage.append(3);
    expect(await opened()).toBe('log.unsigned');
    const signer = stage.start();
    await signer.firstRound;
    expect(await word()).toEqual({ status: 'signing', size: 3, old: false });
    expect(await opened()).toBeNull();
  });

  it('follows the leaves that it signs', async () => {
    const signer = stage.start();
    await signer.firstRound;
    await stage.append(40);
    await until(async () => (await word())?.size === 40);
  });

  it('is renewed though nothing happens', async () => {
    const signer = stage.start();
    await until(signer.healthy);
    await stage.db.admin.query(`UPDATE countersign.signer_state SET reported_at = reported_at - interval '15 seconds'`);
    await until(async () => (await word())?.old === false);
    expect(await opened()).toBeNull();
  });

  it('is worth nothing after twenty seconds of silence', async () => {
    const signer = stage.start();
    await signer.firstRound;
    await signer.stop();
    expect(await opened()).toBeNull();
    await stage.db.admin.query(`UPDATE countersign.signer_state SET reported_at = reported_at - interval '21 seconds'`);
    expect(await opened()).toBe('log.unsigned');
  });

  it('is a no where an old backup was put back, which holds its own older word', async () => {
    await stage.append(20);
    const before = stage.start();
    await before.firstRound;
    await before.stop();
    await stage.tamper(
      'DELETE FROM countersign.audit_checkpoint',
      'DELETE FROM countersign.audit_leaf WHERE index >= 10',
      'UPDATE countersign.audit_log SET size = 10',
      `UPDATE countersign.signer_state SET size = 10, reported_at = clock_timestamp()`,
    );
    const signer = stage.start();
    await signer.firstRound;
    expect(signer.state()).toEqual({ status: 'refusing', reason: 'database.behind' });
    expect(await word()).toEqual({ status: 'refusing', size: 20, old: false });
    expect(await opened()).toBe('log.behind');
  });

  it('ahead of the log is a no, whatever it says: leaves were lost since', async () => {
    await stage.append(20);
    const signer = stage.start();
    await signer.firstRound;
    await signer.stop();
    await stage.tamper(
      'DELETE FROM countersign.audit_checkpoint',
      'DELETE FROM countersign.audit_leaf WHERE index >= 10',
      'UPDATE countersign.audit_log SET size = 10',
    );
    expect(await word()).toMatchObject({ status: 'signing', size: 20 });
    expect(await opened()).toBe('log.behind');
  });

  it('that the database does not take makes the signer unwell, until it does', async () => {
    const signer = stage.start();
    await signer.firstRound;
    await stage.db.admin.query('ALTER TABLE countersign.signer_state RENAME TO state_away');
    await until(() => signer.state().status === 'unreachable');
    expect(signer.healthy()).toBe(false);
    await stage.db.admin.query('ALTER TABLE countersign.state_away RENAME TO signer_state');
    await until(signer.healthy);
  });

  it('is nobody else’s to give', async () => {
    for (const login of ['api', 'governance', 'ehr'] as const)
      await expect(
        inTenant(stage.db.pool(login), clinic, (tx) => tx.query(`SELECT countersign.signer_report('signing', 0)`)),
      ).rejects.toMatchObject({ code: '42501' });
  });
});
