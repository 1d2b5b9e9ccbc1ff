import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { leafHash, rootOf } from '../../../src/audit/merkle.js';
import { formatCheckpoint } from '../../../src/audit/checkpoint.js';
import { signNote, signerOf } from '../../../src/audit/note.js';
import { createLogKey, logVerifier, readLogKey } from '../../../src/signer/log-key.node.js';
import type { SignerState } from '../../../src/signer/start.js';
import { signerStage, until, origin, type SignerStage } from './stage.js';

let stage: SignerStage;
beforeEach(async () => {
  stage = await signerStage();
});
afterEach(() => stage.end());

const newest = async (): Promise<number> => (await stage.published()).at(-1)?.size ?? 0;

/** Each published root is the root of the leaves as they were appended: one log, whoever was killed in between. */
async function expectNoFork(hashes: readonly Uint8Array[]): Promise<void> {
  for (const { size, root } of await stage.published()) expect(root).toEqual(rootOf(hashes.slice(0, size)));
}

/** Rewrites one leaf's bytes, and its hash with it, as somebody with every right would. */
async function changeLeaf(index: number): Promise<void> {
  const found = await stage.db.admin.query<{ bytes: Buffer }>(
    'SELECT bytes FROM countersign.audit_leaf WHERE index = $1',
    [index],
  );
  const bytes = Buffer.from(found.rows[0]?.bytes.toString().replace('type.unknown', 'type.forgery') ?? '');
  const hash = Buffer.from(leafHash(bytes)).toString('hex');
  await stage.tamper(
    `UPDATE countersign.audit_leaf SET bytes = '\\x${bytes.toString('hex')}', hash = '\\x${hash}' WHERE index = ${index}`,
  );
}

describe('the signer', () => {
  it('signs what is there when it starts, and what comes afterwards', async () => {
    await stage.append(3);
    const signer = stage.start();
    await signer.firstRound;
    expect(signer.state()).toEqual({ status: 'signing', size: 3 });
    await stage.append(1);
    await until(async () => (await newest()) === 4);
    await until(signer.healthy);
    await expectNoFork(await stage.leafHashes());
    expect(stage.mark()).toMatchObject({ origin, size: 4 });
  });

  it('signs nothing for an empty log, and is well', async () => {
    const signer = stage.start();
    await signer.firstRound;
    await until(signer.healthy);
    expect(await stage.published()).toEqual([]);
  });

  it('signs many leaves with few signatures, across pages', async () => {
    const signer = stage.start();
    await signer.firstRound;
    await stage.append(600);
    await until(async () => (await newest()) === 600);
    expect((await stage.published()).length).toBeLessThan(120);
    await expectNoFork(await stage.leafHashes());
  });

  it('remembers before it publishes, and publishes the very same after a crash in between', async () => {
    await stage.append(300);
    const first = stage.start();
    await first.firstRound;
    await first.stop();
    const [checkpoint] = await stage.published();
    await stage.tamper('DELETE FROM countersign.audit_checkpoint'); // as if the crash had come before it was published
    const second = stage.start();
    await second.firstRound;
    expect(await stage.published()).toEqual([checkpoint]);
  });

  it('takes up a log whose mark was lost, from its own published checkpoint', async () => {
    await stage.append(5);
    const first = stage.start();
    await first.firstRound;
    await first.stop();
    const mark = stage.markText();
    writeFileSync(
      join(stage.state, 'mark.json'),
      mark.replace('"size":5', '"size":0').replace(/"root":"\w+"/, `"root":"${'0'.repeat(64)}"`),
    );
    const second = stage.start();
    await second.firstRound;
    expect(second.state()).toEqual({ status: 'signing', size: 5 });
    expect(stage.markText()).toBe(mark);
  });
});

const isRefusing = (state: SignerState, reason: string): boolean =>
  state.status === 'refusing' && state.reason === reason;

describe('the signer refuses, stays up, and goes on refusing', () => {
  const refusals: readonly [what: string, reason: string, tamper: () => Promise<void>][] = [
    [
      'the database lost leaves',
      'database.behind',
      () =>
        stage.tamper(
          'DELETE FROM countersign.audit_checkpoint WHERE size > 200',
          'DELETE FROM countersign.audit_leaf WHERE index >= 200',
          'UPDATE countersign.audit_log SET size = 200',
        ),
    ],
    [
      'the database lost leaves and got as many others',
      'leaf.changed',
      async () => {
        await stage.tamper(
          'DELETE FROM countersign.audit_checkpoint',
          'DELETE FROM countersign.audit_leaf WHERE index >= 200',
          'UPDATE countersign.audit_log SET size = 200',
        );
        await stage.append(110);
      },
    ],
    ['a leaf that was signed is another one now', 'leaf.changed', () => changeLeaf(7)],
    ['the newest leaf that was signed is another one now', 'leaf.changed', () => changeLeaf(299)],
    ['a leaf is gone', 'leaf.missing', () => stage.tamper('DELETE FROM countersign.audit_leaf WHERE index = 7')],
    [
      'two leaves changed places',
      'leaf.malformed',
      () =>
        stage.tamper(
          'UPDATE countersign.audit_leaf SET index = 1000 WHERE index = 7',
          'UPDATE countersign.audit_leaf SET index = 7 WHERE index = 8',
          'UPDATE countersign.audit_leaf SET index = 8 WHERE index = 1000',
        ),
    ],
    [
      'somebody published a checkpoint with another key',
      'checkpoint.foreign',
      () => {
        const body = formatCheckpoint({ origin, size: 301, root: new Uint8Array(32) });
        const note = signNote(body, signerOf(origin, new Uint8Array(32).fill(1)));
        return stage.tamper(
          `INSERT INTO countersign.audit_checkpoint (tenant, size, note) VALUES ('clinic', 301, '${note}')`,
        );
      },
    ],
    [
      'somebody else holds its key and signed another tree',
      'checkpoint.other',
      () => {
        const note = signNote(
          formatCheckpoint({ origin, size: 300, root: new Uint8Array(32) }),
          readLogKey(stage.keyFile),
        );
        return stage.tamper(`UPDATE countersign.audit_checkpoint SET note = '${note}' WHERE size = 300`);
      },
    ],
    [
      'the tenant’s log goes by another origin',
      'origin.other',
      async () =>
        void (await stage.db.admin.query(`UPDATE countersign.tenant SET log_origin = 'dev.countersign/hospital'`)),
    ],
  ];

  it.each(refusals)('when %s (%s), also while it runs', async (_what, reason, tamper) => {
    await stage.append(300);
    const signer = stage.start();
    await signer.firstRound;
    expect(signer.state()).toEqual({ status: 'signing', size: 300 });
    const mark = stage.markText();
    await tamper();
    // It may have looked in the midst of the change, and refused for another reason first.
    await until(() => isRefusing(signer.state(), reason));
    expect(signer.healthy()).toBe(false);
    expect(stage.markText()).toBe(mark);
    await signer.stop();

    const again = stage.start();
    await again.firstRound;
    expect(again.state()).toEqual({ status: 'refusing', reason });
    expect(stage.markText()).toBe(mark);
  });

  it('until the log is as it was', async () => {
    await stage.append(10);
    const signer = stage.start();
    await signer.firstRound;
    await stage.db.admin.query('ALTER TABLE countersign.audit_leaf RENAME TO leaf_away');
    await until(() => signer.state().status === 'unreachable');
    await stage.db.admin.query('ALTER TABLE countersign.leaf_away RENAME TO audit_leaf');
    await until(signer.healthy);
    await stage.append(1);
    await until(async () => (await newest()) === 11);
  });
});

describe('the signer process', () => {
  it('says when it is ready, answers for its health, and ends when told', async () => {
    await stage.append(2);
    const signer = await stage.startProcess();
    expect(signer.ready).toMatchObject({ ready: true, origin, vkey: stage.vkey, status: 'signing' });
    await until(() => signer.healthy());
    expect(await newest()).toBe(2);
    expect(await signer.end('SIGTERM')).toBe(0);
  });

  it('is killed again and again while leaves come, and never forks', async () => {
    for (let life = 0; life < 4; life += 1) {
      const signer = await stage.startProcess();
      const before = await newest();
      const appending = stage.append(60);
      await until(async () => (await newest()) > before);
      await signer.end('SIGKILL');
      await appending;
    }
    const last = await stage.startProcess();
    await until(async () => (await newest()) === 240);
    await expectNoFork(await stage.leafHashes());
    expect(last.stderr()).not.toMatch(/refus|fit/);
  });

  it('lets no second one use its folder, but takes it over from a dead one', async () => {
    const first = await stage.startProcess();
    const second = await stage.startProcess();
    expect(second.ready).toBeUndefined();
    expect(second.stderr()).toContain(`pid ${first.pid}`);
    await first.end('SIGKILL');
    const third = await stage.startProcess();
    expect(third.ready).toMatchObject({ ready: true });
  });

  it('comes up and is ill where the database is behind its mark', async () => {
    await stage.append(20);
    const first = await stage.startProcess();
    await first.end('SIGTERM');
    await stage.tamper(
      'DELETE FROM countersign.audit_checkpoint',
      'DELETE FROM countersign.audit_leaf WHERE index >= 10',
      'UPDATE countersign.audit_log SET size = 10',
    );
    const second = await stage.startProcess();
    expect(second.ready).toMatchObject({ status: 'refusing' });
    expect(await second.healthy()).toBe(false);
    await until(() => second.stderr().includes('database.behind'));
    expect(await stage.published()).toEqual([]);
  });

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['without its key', { COUNTERSIGN_LOG_KEY_FILE: '/nowhere' }, 'COUNTERSIGN_LOG_KEY_FILE cannot be read'],
    ['in production with a key of development', { COUNTERSIGN_MODE: 'production' }, 'only there'],
    ['without a folder', { COUNTERSIGN_SIGNER_STATE: undefined }, 'COUNTERSIGN_SIGNER_STATE is missing'],
  ])('does not start %s, and says so', async (_what, env, words) => {
    const signer = await stage.startProcess(env);
    expect(signer.ready).toBeUndefined();
    expect(signer.stderr()).toContain(words);
    expect(await signer.end('SIGKILL')).toBe(1);
  });

  it('does not start over a damaged mark', async () => {
    await stage.append(1);
    await (await stage.startProcess()).end('SIGTERM');
    writeFileSync(join(stage.state, 'mark.json'), stage.markText().slice(0, 20));
    const signer = await stage.startProcess();
    expect(signer.ready).toBeUndefined();
    expect(signer.stderr()).toContain('damaged');
  });
});

describe('the key of the log', () => {
  it('is made once, and tells its verifier key', () => {
    expect(logVerifier(stage.keyFile)).toBe(stage.vkey);
    expect(() => createLogKey(stage.keyFile, origin)).toThrow('EEXIST');
    expect(logVerifier(stage.keyFile)).toBe(stage.vkey);
  });
});
