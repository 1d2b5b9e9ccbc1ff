import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { actionIdOf } from '../../../src/action/admit.tx.js';
import { tenant, workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import type { Login } from '../../../src/database/logins.js';
import { inTenant } from '../../../src/database/transaction.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import { KeyCache } from '../../../src/keys/key-cache.js';
import { Keychain } from '../../../src/keys/keychain.store.js';
import { disposalKek, openKek, restrict, type KeyringOperation } from '../../../src/keys/keyring.js';
import { localKeyring } from '../../../src/keys/local-keyring.node.js';
import { historyCodec } from '../../../src/temporal/history-codec.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

const clinic = tenant('clinic');
const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
const ring = localKeyring({ folder, production: false, aead: nodeAead });
const text = 'Quillfeather, amlodipine 5 mg';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  await db?.end();
  rmSync(folder, { recursive: true });
});

/** The keychain of one process, with an empty cache as after its start. */
const processWith = (...allowed: KeyringOperation[]) =>
  new Keychain({
    keyring: restrict(ring, allowed),
    aead: nodeAead,
    cache: new KeyCache({ clock: () => performance.now() }),
  });
const api = () => processWith('wrap', 'unwrap');
const governance = () => processWith('wrap', 'unwrap', 'destroy');
const gateway = () => processWith('unwrap');

const as = <T>(login: Login, work: Parameters<typeof inTenant<T>>[2]): Promise<T> =>
  inTenant(db.pool(login), clinic, work);
const unsealed = (of: ActionId) =>
  as('api', async (tx) => new TextDecoder().decode((await api().unseal(tx, clinic, of, 'request')).bytes));

async function sealedAction(): Promise<ActionId> {
  const of = actionIdOf(randomBytes(26));
  await as('api', async (tx) => {
    const chain = api();
    await chain.create(tx, clinic, of, '2026-03');
    await chain.seal(tx, clinic, of, 'request', new TextEncoder().encode(text));
  });
  return of;
}

/** Runs SQL past every grant and trigger, as a damaged database or its administrator could. */
const past = (table: string, sql: string) =>
  db.admin.query(
    `BEGIN; ALTER TABLE countersign.${table} DISABLE TRIGGER ALL; ${sql};
     ALTER TABLE countersign.${table} ENABLE TRIGGER ALL; COMMIT`,
  );

describe('sealed content', () => {
  it('is read by another process, and lies in no table in clear', async () => {
    const of = await sealedAction();
    expect(await unsealed(of)).toBe(text);
    const { rows } = await db.admin.query('SELECT s::text FROM countersign.sealed s WHERE action = $1', [of]);
    expect(JSON.stringify(rows)).not.toContain(Buffer.from('Quillfeather').toString('hex'));
  });

  it('of two writers is the first one’s', async () => {
    const of = await sealedAction();
    const heard = await as('api', (tx) => api().seal(tx, clinic, of, 'request', new TextEncoder().encode('another')));
    expect(await unsealed(of)).toBe(text);
    const lies = await as('api', (tx) => api().unseal(tx, clinic, of, 'request'));
    expect(heard).toBe(lies.commitment); // and not that of what was thrown away
  });

  it('is unreadable at another path, and under another action', async () => {
    const [of, other] = [await sealedAction(), await sealedAction()];
    await past('sealed', `UPDATE countersign.sealed SET path = 'display/1' WHERE action = '${of}'`);
    await expect(as('api', (tx) => api().unseal(tx, clinic, of, 'display/1'))).rejects.toMatchObject({
      code: 'key.unreadable',
    });
    await past(
      'sealed',
      `UPDATE countersign.sealed s SET box = o.box FROM countersign.sealed o
        WHERE s.action = '${other}' AND o.action = '${of}'`,
    );
    await expect(unsealed(other)).rejects.toMatchObject({ code: 'key.unreadable' });
  });

  it('is not read with another action’s key put in place of its own', async () => {
    const [of, other] = [await sealedAction(), await sealedAction()];
    await db.admin.query(
      `UPDATE countersign.dek d SET wrapped = o.wrapped FROM countersign.dek o
        WHERE d.action = $1 AND o.action = $2 AND d.kind = o.kind`,
      [of, other],
    );
    await expect(unsealed(of)).rejects.toMatchObject({ code: 'key.unreadable' });
  });
});

describe('an action whose keys were destroyed', () => {
  it('can be read nowhere: neither its content nor its history', async () => {
    const of = await sealedAction();
    const { codec } = await historyCodec({
      pool: db.pool('api'),
      keychain: api(),
      aead: nodeAead,
      tenant: clinic,
      mayCreate: true,
    });
    const context = { type: 'workflow', namespace: 'n', workflowId: workflowIdOf(of) } as const;
    const boxes = await codec.encode([{ metadata: {}, data: new TextEncoder().encode(text) }], context);
    expect(await as('governance', (tx) => governance().destroy(tx, clinic, of))).toBe(2);
    expect(await as('governance', (tx) => governance().destroy(tx, clinic, of))).toBe(0);

    await expect(unsealed(of)).rejects.toMatchObject({ code: 'key.gone' });
    const decoder = await historyCodec({
      pool: db.pool('codec'),
      keychain: gateway(),
      aead: nodeAead,
      tenant: clinic,
      mayCreate: false,
    });
    const [decoded] = await decoder.codec.decode(boxes);
    expect(new TextDecoder().decode(decoded?.data ?? new Uint8Array())).toBe('{"$unreadable":"erased"}');
  });

  it('gets no new ones: neither by making nor by rewrapping', async () => {
    const of = await sealedAction();
    await as('governance', (tx) => governance().destroy(tx, clinic, of));
    await as('governance', (tx) => governance().rewrap(tx, clinic, of, '2032-03-31'));
    await expect(as('api', (tx) => api().create(tx, clinic, of, '2026-04'))).rejects.toMatchObject({ code: '23505' });
    const { rowCount } = await db.admin.query('SELECT FROM countersign.dek WHERE action = $1', [of]);
    expect(rowCount).toBe(0);
  });
});

describe('an action that was concluded', () => {
  it('lives under its disposal month: the month of its opening may go, and with its own month it is gone', async () => {
    const of = await sealedAction();
    await as('governance', (tx) => governance().rewrap(tx, clinic, of, '2032-03-31'));
    const wraps = await db.admin.query<{ kek: string }>(
      'SELECT DISTINCT kek FROM countersign.dek_wrap WHERE action = $1 ORDER BY kek',
      [of],
    );
    expect(wraps.rows.map(({ kek }) => kek)).toEqual(['dispose/clinic/2032-03', 'open/clinic/2026-03']);

    await ring.destroy(openKek(clinic, '2026-03'));
    expect(await unsealed(of)).toBe(text);
    await ring.destroy(disposalKek(clinic, '2032-03'));
    await expect(unsealed(of)).rejects.toMatchObject({ code: 'key.gone' });
  });
});

describe('what a process may do with the keyring', () => {
  it('is not to make keys, for a gateway', async () => {
    const of = actionIdOf(randomBytes(26));
    await expect(as('api', (tx) => gateway().create(tx, clinic, of, '2026-03'))).rejects.toMatchObject({
      code: 'key.forbidden',
    });
    const { rowCount } = await db.admin.query('SELECT FROM countersign.dek WHERE action = $1', [of]);
    expect(rowCount).toBe(0);
  });

  it('is not to rewrap, for a gateway; nor to destroy a KEK, for the API', async () => {
    const of = await sealedAction();
    await expect(as('governance', (tx) => gateway().rewrap(tx, clinic, of, '2032-03-31'))).rejects.toMatchObject({
      code: 'key.forbidden',
    });
    await expect(restrict(ring, ['wrap', 'unwrap']).destroy(openKek(clinic, '2026-03'))).rejects.toMatchObject({
      code: 'key.forbidden',
    });
    expect(await unsealed(of)).toBe(text);
  });

  it('says the database too: the API’s login destroys nothing, whatever its keyring allows', async () => {
    const of = await sealedAction();
    await expect(as('api', (tx) => governance().destroy(tx, clinic, of))).rejects.toMatchObject({ code: '42501' });
    expect(await unsealed(of)).toBe(text);
  });
});

describe('the pseudonym of a patient', () => {
  const of = (reference: string, create = true, chain = api()) =>
    as('api', (tx) => chain.pseudonym(tx, clinic, 'Patient/p1', reference, { create }));

  it('is the same for every process, differs by reference, and tells nothing of it', async () => {
    const [one, again] = await Promise.all([of('Patient/p1'), of('Patient/p1')]);
    expect(again).toBe(one);
    expect(await of('Encounter/e1')).not.toBe(one);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is not made with a key that a rolled back transaction took along', async () => {
    await past('tenant_key', `DELETE FROM countersign.tenant_key WHERE purpose = 'index'`);
    const chain = api();
    const failed = as('api', async (tx) => {
      for (const reference of ['Patient/p2', 'Encounter/e2'])
        await chain.pseudonym(tx, clinic, 'Patient/p2', reference, { create: true });
      throw new Error('the first request of a tenant failed');
    });
    await expect(failed).rejects.toThrow('the first request of a tenant failed');
    const asked = await as('api', (tx) => chain.pseudonym(tx, clinic, 'Patient/p2', 'Patient/p2', { create: true }));
    const other = await as('ehr', (tx) =>
      gateway().pseudonym(tx, clinic, 'Patient/p2', 'Patient/p2', { create: false }),
    );
    expect(other).toBe(asked);
  });

  it('is not made where a process only looks', async () => {
    const found = await as('ehr', (tx) =>
      gateway().pseudonym(tx, clinic, 'Patient/nobody', 'Patient/nobody', { create: false }),
    );
    expect(found).toBeUndefined();
  });

  it('is another one after the subject key was deleted: leaves no longer lead to the patient', async () => {
    const before = await of('Patient/p1');
    await db.admin.query('DELETE FROM countersign.subject_key');
    expect(await of('Patient/p1', false)).toBeUndefined();
    expect(await of('Patient/p1')).not.toBe(before);
  });
});
