/** What each database login must not do, whatever code runs under it: the process is lost, its login is not more. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenant, type ActionId } from '../../src/action/ids.js';
import { databaseRole, logins, type Login } from '../../src/database/logins.js';
import { inTenant } from '../../src/database/transaction.js';
import { clinic, medicationChange, voteStage, type VoteStage } from '../integration/approval/stage.js';

const other = tenant('elsewhere');
let at: VoteStage;
let of: ActionId;
beforeAll(async () => {
  at = await voteStage();
  of = await at.waiting();
  await at.db.admin.query(
    `INSERT INTO countersign.tenant (tenant, name, zone, log_origin) VALUES ('elsewhere', 'Elsewhere', 'UTC', 'dev/elsewhere');
     INSERT INTO countersign.audit_log (tenant) VALUES ('elsewhere')`,
  );
});
afterAll(() => at?.end());

const run = (login: Login, sql: string, as = clinic) => inTenant(at.db.pool(login), as, (tx) => tx.query(sql));
const denied = { code: '42501' };
const rowsOf = async (sql: string): Promise<string[]> =>
  (await at.db.admin.query<{ line: string }>(sql)).rows.map(({ line }) => line);

describe('of all that is granted', () => {
  it('this is what a login may write itself; every other table is written by functions', async () => {
    expect(
      await rowsOf(
        `SELECT replace(grantee, 'countersign_', '') || ' ' || privilege_type || ' ' || table_name || ' (' ||
                string_agg(column_name, ' ' ORDER BY column_name) || ')' AS line
           FROM information_schema.role_column_grants
          WHERE table_schema = 'countersign' AND grantee <> 'countersign_owner' AND privilege_type <> 'SELECT'
          GROUP BY grantee, privilege_type, table_name ORDER BY 1`,
      ),
    ).toEqual([
      'api INSERT action (action agent agent_version claimed_tier elements episode expires_in idempotency_key justified patient principal purpose reason_given risk_assessed rulebook tenant type)',
      'api INSERT revision (action base_version created_at display_commitment kind proposal_commitment request_commitment revision shows tenant)',
      'api UPDATE action (cancel_requested_at started_at)',
      'ehr INSERT relation (action asked_at basis on_call_for status tenant)',
      'governance INSERT delivery (action kind revision roles tenant)',
      'governance INSERT disposal (action as_of tenant)',
      'governance INSERT quota_entry (action agent patient tallies tenant)',
      'governance INSERT rulebook_shadowed (action differs proposal tenant)',
      'governance INSERT step_result (action at result revision step tenant)',
      'governance UPDATE action (concluded_at deadline history_logged needs outcome retention_class retention_date started_at status tier versions_due)',
    ]);
  });

  it('nothing lets a login delete, truncate, or hang a trigger on a table', async () => {
    expect(
      await rowsOf(
        `SELECT grantee || ' ' || privilege_type || ' ' || table_name AS line FROM information_schema.table_privileges
          WHERE table_schema IN ('countersign', 'public') AND grantee <> 'countersign_owner'
            AND grantee IN ('PUBLIC', ${logins.map((login) => `'${databaseRole(login)}'`).join()})
            AND privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE')`,
      ),
    ).toEqual([]);
  });

  it('these are the functions that act with the owner’s rights, and who may call them', async () => {
    const found = await rowsOf(
      `SELECT proname || ': ' || coalesce((SELECT string_agg(replace(rolname, 'countersign_', ''), ' ' ORDER BY rolname)
                FROM pg_roles r WHERE r.rolname IN (${logins.map((login) => `'${databaseRole(login)}'`).join()})
                 AND has_function_privilege(r.oid, p.oid, 'EXECUTE')), 'nobody') AS line
         FROM pg_proc p WHERE pronamespace = 'countersign'::regnamespace AND prosecdef ORDER BY 1`,
    );
    expect(found).toEqual([
      'action_performing: ehr llm',
      'action_reopen: governance',
      'audit_append: api codec ehr governance llm',
      'audit_publish: signer',
      'challenge_open: api',
      'dek_create: api',
      'dek_destroy: governance',
      'dek_rewrap: governance',
      'enrolment_open: api',
      'enrolment_receive: api',
      'enrolment_refuse: governance',
      'passkey_record: governance',
      'passkey_revoke: api',
      'passkey_use: governance',
      'relation_reuse: governance',
      'revision_prepare: ehr',
      'revision_resolve: governance',
      'rulebook_activate: governance',
      'rulebook_activation_open: governance',
      'rulebook_challenge_open: api',
      'rulebook_propose: api',
      'rulebook_receive: api',
      'rulebook_refuse: governance',
      'rulebook_shadow_set: api',
      'rulebook_sign: governance',
      'seal: api ehr llm',
      'signer_report: signer',
      'subject_key_create: api',
      'tenant_key_create: api governance',
      'versions_checked: ehr governance',
      'vote_receive: api governance',
      'vote_record: governance',
      'vote_refuse: governance',
      'vouching_open: api',
      'vouching_receive: api',
      'vouching_record: governance',
      'vouching_refuse: governance',
      'warrant_check: ehr llm',
      'warrant_close: governance',
      'warrant_mint: governance',
      'warrant_revoke: api governance',
      'warrant_use_close: ehr llm',
      'warrant_use_open: ehr llm',
      'warrant_write_close: ehr',
      'warrant_write_open: ehr',
      'warrant_write_sending: ehr',
      'warrant_write_settle: ehr',
    ]);
  });

  it('each such function looks names up where no login can write', async () => {
    expect(
      await rowsOf(
        `SELECT proname AS line FROM pg_proc WHERE pronamespace = 'countersign'::regnamespace AND prosecdef
            AND NOT coalesce(proconfig, '{}') @> '{"search_path=countersign, pg_temp"}'`,
      ),
    ).toEqual([]);
  });

  it('every table with a tenant is under row-level security that binds its owner too', async () => {
    expect(
      await rowsOf(
        `SELECT relname AS line FROM pg_class c WHERE relnamespace = 'countersign'::regnamespace AND relkind = 'r'
            AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1`,
      ),
    ).toEqual(['leaf_kind_writer', 'rulebook', 'tenant']); // of no tenant, or the list of tenants itself
  });
});

/** Written past their functions, by the processes that would gain most. */
const writes: [table: string, sql: string][] = [
  ['vote', `INSERT INTO countersign.vote SELECT * FROM countersign.vote`],
  ['challenge', `INSERT INTO countersign.challenge SELECT * FROM countersign.challenge`],
  ['a challenge’s approver', `UPDATE countersign.challenge SET approver = gen_random_uuid()`],
  ['vote_receipt', `UPDATE countersign.vote_receipt SET received_at = '2020-01-01', refused = NULL`],
  ['warrant', `INSERT INTO countersign.warrant (tenant, jti) VALUES ('clinic', gen_random_uuid())`],
  ['a warrant’s expiry', `UPDATE countersign.warrant SET expires_at = expires_at + interval '1 minute'`],
  ['warrant_use', `UPDATE countersign.warrant_use SET status = 'done'`],
  ['a lease', `UPDATE countersign.warrant_use SET lease_until = clock_timestamp()`],
  ['a revision that was prepared', `UPDATE countersign.revision SET display_commitment = repeat('1', 64)`],
  ['signer_state', `UPDATE countersign.signer_state SET status = 'signing', reported_at = 'infinity'`],
  ['passkey', `INSERT INTO countersign.passkey SELECT * FROM countersign.passkey`],
  ['a passkey’s key', `UPDATE countersign.passkey SET public_key = 'x'`],
  ['enrolment', `INSERT INTO countersign.enrolment SELECT * FROM countersign.enrolment`],
  ['audit_leaf', `INSERT INTO countersign.audit_leaf SELECT * FROM countersign.audit_leaf`],
  ['the log’s head', `UPDATE countersign.audit_log SET size = 0`],
  ['audit_checkpoint', `INSERT INTO countersign.audit_checkpoint (tenant, size, note) VALUES ('clinic', 0, 'x')`],
  ['leaf_kind_writer', `INSERT INTO countersign.leaf_kind_writer (kind, login) VALUES ('vote.counted', current_user)`],
  ['dek', `UPDATE countersign.dek SET wrapped = 'x'`],
  ['dek, by deleting', `DELETE FROM countersign.dek`],
  ['subject_key', `DELETE FROM countersign.subject_key`],
  ['tenant_key', `UPDATE countersign.tenant_key SET wrapped = 'x'`],
  ['sealed', `UPDATE countersign.sealed SET box = 'x'`],
  ['person', `UPDATE countersign.person SET subject = 'mallory'`],
  [
    'a new person',
    `INSERT INTO countersign.person (tenant, issuer, subject, display_name) VALUES ('clinic', 'x', 'y', 'z')`,
  ],
  [
    'role_grant',
    `INSERT INTO countersign.role_grant (tenant, person, role) SELECT tenant, person, 'clinical_staff' FROM countersign.person`,
  ],
  ['training', `UPDATE countersign.training SET expires_on = '2100-01-01'`],
  ['agent', `UPDATE countersign.agent SET owner = gen_random_uuid()`],
  ['vendor', `UPDATE countersign.vendor SET baa_until = '2100-01-01'`],
  ['suspension', `UPDATE countersign.suspension SET lifted_at = clock_timestamp()`],
  ['rulebook', `INSERT INTO countersign.rulebook (digest, content) VALUES ('x', 'y')`],
  ['active_rulebook', `INSERT INTO countersign.active_rulebook SELECT * FROM countersign.active_rulebook`],
  ['hold', `UPDATE countersign.hold SET lifted_at = clock_timestamp()`],
  ['a quota’s count', `UPDATE countersign.quota_entry SET tallies = '{}'`],
  [
    'an action that counts for another day',
    `INSERT INTO countersign.quota_entry (tenant, action, agent, tallies, at) VALUES ('clinic', 'x', 'y', '{}', '2020-01-01')`,
  ],
  ['tenant', `UPDATE countersign.tenant SET zone = 'UTC'`],
  ['an action’s principal', `UPDATE countersign.action SET principal = gen_random_uuid()`],
];

const powers: [what: string, sql: string, code: string][] = [
  ['become the owner', 'SET ROLE countersign_owner', '42501'],
  ['create in our schema', 'CREATE FUNCTION countersign.f() RETURNS int LANGUAGE sql RETURN 1', '42501'],
  ['create in public', 'CREATE TABLE public.t ()', '42501'],
  ['create a schema of its own', 'CREATE SCHEMA mine', '42501'],
  ['switch a trigger off', 'ALTER TABLE countersign.vote DISABLE TRIGGER ALL', '42501'],
  ['switch triggers off for its session', 'SET session_replication_role = replica', '42501'],
  ['lift row-level security', 'ALTER TABLE countersign.action NO FORCE ROW LEVEL SECURITY', '42501'],
  ['read past row-level security', 'SET LOCAL row_security = off; SELECT * FROM countersign.agent', '42501'],
  ['empty a table', 'TRUNCATE countersign.vote', '42501'],
  ['replace a function', 'ALTER FUNCTION countersign.current_tenant() OWNER TO current_user', '42501'],
  ['read a file of the server', `COPY (SELECT 1) TO '/tmp/never'`, '42501'],
  ['run a program on the server', `COPY (SELECT 1) TO PROGRAM 'true'`, '42501'],
  ['read the receipts of votes', 'SELECT * FROM countersign.vote_receipt', '42501'],
  ['read password hashes', 'SELECT rolpassword FROM pg_authid', '42501'],
];

describe.each([...logins])('the login of %s', (login) => {
  it.each(writes)('cannot write %s', (_table, sql) => expect(run(login, sql)).rejects.toMatchObject(denied));
  it.each(powers)('cannot %s', async (_what, sql, code) => {
    await expect(run(login, sql)).rejects.toMatchObject({ code });
  });

  it.each(logins.filter((another) => another !== login).map(databaseRole))('cannot become %s', async (role) => {
    await expect(run(login, `SET ROLE ${role}`)).rejects.toMatchObject(denied);
    await expect(run(login, `SET SESSION AUTHORIZATION ${role}`)).rejects.toMatchObject(denied);
  });

  it('sees nothing without a tenant, and of each table only the rows of the tenant that it named', async () => {
    const readable = await rowsOf(
      `SELECT relname AS line FROM pg_class WHERE relnamespace = 'countersign'::regnamespace AND relkind = 'r'
          AND relrowsecurity AND has_table_privilege('${databaseRole(login)}', oid, 'SELECT') ORDER BY 1`,
    );
    for (const table of readable) {
      const alone = await at.db.pool(login).query(`SELECT FROM countersign.${table}`);
      const elsewhere = await run(login, `SELECT tenant FROM countersign.${table} WHERE tenant <> 'elsewhere'`, other);
      expect({ table, alone: alone.rowCount, elsewhere: elsewhere.rowCount }).toEqual({
        table,
        alone: 0,
        elsewhere: 0,
      });
    }
  });
});

describe('the API’s login', () => {
  it.each([
    ['count a vote', `SELECT countersign.vote_record(gen_random_uuid(), '{clinical_staff}', '{}')`],
    ['refuse one', `SELECT countersign.vote_refuse(gen_random_uuid(), '{}', 'vote.late')`],
    ['mint a warrant', `SELECT countersign.warrant_mint('{}')`],
    ['open a use', `SELECT countersign.warrant_use_open(gen_random_uuid(), 'perform', 'x')`],
    ['destroy keys', `SELECT countersign.dek_destroy('x')`],
    ['rewrap keys', `SELECT countersign.dek_rewrap('x', 'history', 'x', 'x')`],
    ['publish a checkpoint', `SELECT countersign.audit_publish(0, 'x')`],
    ['say that an action performs', `SELECT countersign.action_performing('x')`],
    ['authorise an action', `UPDATE countersign.action SET status = 'authorised'`],
    ['ask fewer people', `UPDATE countersign.action SET needs = '{"status":"nobody"}'`],
    ['move a deadline', `UPDATE countersign.action SET deadline = deadline + interval '1 day'`],
    [
      'say what a step decided',
      `INSERT INTO countersign.step_result (tenant, action, revision, step, result) VALUES ('clinic', 'x', 1, 'authorise', '{}')`,
    ],
    [
      'say that principal and patient are related',
      `INSERT INTO countersign.relation (tenant, action, status) VALUES ('clinic', 'x', 'unknown')`,
    ],
    ['take that they are from elsewhere', `SELECT countersign.relation_reuse('x', 300)`],
    ['seal a result', `SELECT countersign.seal('x', 'result', 'x')`],
    ['seal what would be written', `SELECT countersign.seal('x', 'proposal/2', 'x')`],
    ['seal what people are shown of it', `SELECT countersign.seal('x', 'display/2', 'x')`],
    ['prepare a revision', `SELECT countersign.revision_prepare('x', 1, 'x', 'x', '1')`],
    ['have an action prepared again', `SELECT countersign.action_reopen('x')`],
    ['ask what became of a write', `SELECT countersign.revision_resolve('x', '{}')`],
    ['open a write', `SELECT countersign.warrant_write_open(gen_random_uuid(), 'perform', 'x', 15)`],
    ['settle one', `SELECT countersign.warrant_write_settle(gen_random_uuid(), 'perform', 'conflict', NULL, NULL)`],
    ['have an action prepared that asks nobody', `UPDATE countersign.action SET status = 'preparing'`],
    ['vouch for the log', `SELECT countersign.signer_report('signing', 0)`],
    [
      'make a passkey',
      `SELECT countersign.passkey_record(gen_random_uuid(), 'x', 'x', 'x', 0, gen_random_uuid(), 'x', '{}')`,
    ],
    ['log that something was prepared', `SELECT countersign.audit_append('action.prepared', NULL, 'x', '{}')`],
    ['log that a vote was counted', `SELECT countersign.audit_append('vote.counted', NULL, 'x', '{}')`],
  ])('cannot %s', (_what, sql) => expect(run('api', sql)).rejects.toMatchObject(denied));

  it.each<[what: string, columns: string, values: string]>([
    ['a prepared one', 'kind, proposal_commitment, base_version, shows', `'prepared', repeat('3', 64), '1', NULL`],
    [
      'one on what became of a write',
      'kind, proposal_commitment, base_version, shows',
      `'resolution', repeat('3', 64), '1', 1`,
    ],
    ['a second one of what was asked', 'kind', `'asked'`],
  ])('cannot add a revision: %s', async (_what, columns, values) => {
    const sql = `INSERT INTO countersign.revision (tenant, action, revision, request_commitment, display_commitment, ${columns})
                 VALUES ('clinic', '${of}', 2, repeat('1', 64), repeat('2', 64), ${values})`;
    await expect(run('api', sql)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|23514)$/) });
  });

  it('opens nothing in a tenant that it did not name', async () => {
    const sql = `INSERT INTO countersign.revision (tenant, action, revision, request_commitment, display_commitment)
                 VALUES ('clinic', '${of}', 9, repeat('1', 64), repeat('1', 64))`;
    await expect(run('api', sql, other)).rejects.toMatchObject(denied);
    const asked = `SELECT countersign.challenge_open('${randomUUID()}', '${of}', '${at.person('amara')}', 'approve',
                   'approve.access', NULL, '{clinical_staff}') AS opened`;
    expect((await run('api', asked, other)).rows).toEqual([{ opened: false }]);
  });

  it('cannot open an action under a rulebook that no longer governs the tenant, or never did', async () => {
    const { rows } = await at.db.admin.query<{ digest: string }>(
      `INSERT INTO countersign.rulebook (digest, content) VALUES (encode(sha256('{"lax":true}'), 'hex'), '{"lax":true}')
       RETURNING digest`,
    );
    const pinning = (rulebook: string) =>
      run(
        'api',
        `INSERT INTO countersign.action (tenant, action, type, agent, agent_version, principal, purpose, elements,
                reason_given, justified, idempotency_key, rulebook)
         VALUES ('clinic', repeat('${rulebook[0]}', 26), 'facility.read', 'triage-agent', '1.0.0', gen_random_uuid(),
                 'TREAT', '{facility}', true, '{}', '${rulebook}', '${rulebook}')`,
      );
    await expect(pinning(rows[0]?.digest ?? '')).rejects.toMatchObject(denied);
    await expect(pinning('9'.repeat(64))).rejects.toMatchObject(denied);
  });

  it('cannot show a function a table of its own in place of ours', async () => {
    const ended = await at.waiting('-1 second');
    await expect(
      inTenant(at.db.pool('api'), clinic, async (tx) => {
        await tx.query(`CREATE TEMP TABLE action ON COMMIT DROP AS SELECT * FROM countersign.action`);
        await tx.query(`UPDATE pg_temp.action SET deadline = clock_timestamp() + interval '1 hour'`);
        await tx.query(`SET LOCAL search_path = pg_temp, countersign`);
        const opened = await tx.query(
          `SELECT countersign.challenge_open('${randomUUID()}', '${ended}', '${at.person('amara')}', 'approve',
                  'approve.access', NULL, '{clinical_staff}') AS opened`,
        );
        return opened.rows;
      }),
    ).resolves.toEqual([{ opened: false }]);
  });

  it('cannot put a destroyed key back that it kept from before', async () => {
    const gone = await at.waiting();
    const { rows } = await at.db.admin.query<{ kind: string; wrapped: Buffer }>(
      'SELECT kind, wrapped FROM countersign.dek WHERE action = $1',
      [gone],
    );
    await inTenant(at.db.pool('governance'), clinic, (tx) => at.deps.keychain.destroy(tx, clinic, gone));
    for (const { kind, wrapped } of rows)
      await expect(
        inTenant(at.db.pool('api'), clinic, (tx) =>
          tx.query('SELECT countersign.dek_create($1, $2, $3, $4)', [gone, kind, 'open/clinic/2026-04', wrapped]),
        ),
      ).rejects.toMatchObject({ code: '23505' });
  });
});

describe('the governance worker’s login', () => {
  it.each([
    ['read what is sealed', 'SELECT * FROM countersign.sealed'],
    [
      'open a challenge',
      `SELECT countersign.challenge_open(gen_random_uuid(), 'x', gen_random_uuid(), 'approve', 'approve.access', NULL, '{x}')`,
    ],
    ['open an action', `INSERT INTO countersign.action (tenant, action) VALUES ('clinic', 'x')`],
    ['use a warrant', `SELECT countersign.warrant_use_open(gen_random_uuid(), 'perform', 'x')`],
    ['seal a result', `SELECT countersign.seal('x', 'result', 'x')`],
    ['seal what people are shown', `SELECT countersign.seal('x', 'display/2', 'x')`],
    ['seal what would be written', `SELECT countersign.seal('x', 'proposal/2', 'x')`],
    ['prepare a revision', `SELECT countersign.revision_prepare('x', 1, 'x', 'x', '1')`],
    [
      'say what the EHR shows of a write',
      `SELECT countersign.warrant_write_settle(gen_random_uuid(), 'perform', 'conflict', NULL, NULL)`,
    ],
    ['open a write', `SELECT countersign.warrant_write_open(gen_random_uuid(), 'perform', 'x', 15)`],
    ['vouch for the log', `SELECT countersign.signer_report('signing', 0)`],
    ['log what the EHR shows', `SELECT countersign.audit_append('outcome.read_back', NULL, 'x', '{}')`],
    ['log an attempt', `SELECT countersign.audit_append('action.attempt', NULL, 'x', '{}')`],
  ])('cannot %s', (_what, sql) => expect(run('governance', sql)).rejects.toMatchObject(denied));

  it('cannot destroy the keys of what is under a hold', async () => {
    const held = await at.waiting();
    await at.db.admin.query(
      `INSERT INTO countersign.hold (tenant, action, reason, set_by) VALUES ('clinic', $1, 'litigation', $2)`,
      [held, at.person('elif')],
    );
    await expect(run('governance', `SELECT countersign.dek_destroy('${held}')`)).rejects.toMatchObject(denied);
  });
});

describe('the gateways’ logins', () => {
  it.each<[login: Login, what: string, sql: string]>(
    (['ehr', 'llm'] as const).flatMap((login) =>
      (
        [
          ['mint a warrant', `SELECT countersign.warrant_mint('{}')`],
          ['count a vote', `SELECT countersign.vote_record(gen_random_uuid(), '{x}', '{}')`],
          ['authorise an action', `UPDATE countersign.action SET status = 'authorised'`],
          ['seal a request', `SELECT countersign.seal('x', 'request', 'x')`],
          ['seal what people are shown of the request', `SELECT countersign.seal('x', 'display/1', 'x')`],
          ['have an action prepared again', `SELECT countersign.action_reopen('x')`],
          ['ask what became of a write', `SELECT countersign.revision_resolve('x', '{}')`],
          ['vouch for the log', `SELECT countersign.signer_report('signing', 0)`],
          [
            'log that an action is prepared again',
            `SELECT countersign.audit_append('action.reopened', NULL, 'x', '{}')`,
          ],
          ['make keys', `SELECT countersign.dek_create('x', 'content', 'x', 'x')`],
          ['log an outcome', `SELECT countersign.audit_append('action.outcome', NULL, 'x', '{}')`],
        ] as const
      ).map(([what, sql]): [Login, string, string] => [login, what, sql]),
    ),
  )('%s cannot %s', (login, _what, sql) => expect(run(login, sql)).rejects.toMatchObject(denied));
});

describe('the login of ehr, with functions that are its own', () => {
  const prepare = (action: ActionId, from: number) =>
    run(
      'ehr',
      `SELECT countersign.revision_prepare('${action}', ${from}, repeat('1', 64), repeat('2', 64), '7') AS made`,
    );

  it('cannot put another revision under people who are being asked, nor under an action that went on', async () => {
    const asked = await at.waiting('24 hours', medicationChange);
    for (const status of ['awaiting_approval', 'authorised', 'performing', 'outcome_unknown']) {
      await at.db.admin.query(`UPDATE countersign.action SET status = '${status}' WHERE action = '${asked}'`);
      expect((await prepare(asked, 2)).rows).toEqual([{ made: null }]);
    }
  });

  it('cannot prepare on a revision that is not the current one', async () => {
    const asked = await at.waiting('24 hours', medicationChange);
    await at.db.admin.query(`UPDATE countersign.action SET status = 'preparing' WHERE action = '${asked}'`);
    expect((await prepare(asked, 1)).rows).toEqual([{ made: null }]);
    expect((await prepare(asked, 3)).rows).toEqual([{ made: null }]);
    expect((await prepare(asked, 2)).rows).toEqual([{ made: 3 }]);
  });

  it('cannot put other bytes in the place of what was sealed and shown', async () => {
    const asked = await at.waiting('24 hours', medicationChange);
    for (const path of ['display/2', 'proposal/2'])
      expect((await run('ehr', `SELECT countersign.seal('${asked}', '${path}', 'x') AS sealed`)).rows).toEqual([
        { sealed: false },
      ]);
  });

  it('cannot settle a write of which everybody knows', async () => {
    const settled = await run(
      'ehr',
      `SELECT countersign.warrant_write_settle(gen_random_uuid(), 'perform', 'conflict', NULL, NULL) AS settled`,
    );
    expect(settled.rows).toEqual([{ settled: false }]);
  });
});

describe('the login of llm', () => {
  it.each([
    ['prepare a revision', `SELECT countersign.revision_prepare('x', 1, 'x', 'x', '1')`],
    ['open a write', `SELECT countersign.warrant_write_open(gen_random_uuid(), 'perform', 'x', 15)`],
    ['settle one', `SELECT countersign.warrant_write_settle(gen_random_uuid(), 'perform', 'conflict', NULL, NULL)`],
  ])('cannot %s', (_what, sql) => expect(run('llm', sql)).rejects.toMatchObject(denied));
});

describe('the logins of codec server and notify worker', () => {
  it.each(
    (['codec', 'notify'] as const).flatMap((login) =>
      ['request', 'display/1', 'display/2', 'proposal/2', 'result'].map((path) => [login, path] as const),
    ),
  )('%s cannot seal %s', (login, path) =>
    expect(run(login, `SELECT countersign.seal('x', '${path}', 'x')`)).rejects.toMatchObject(denied),
  );

  it.each(['codec', 'notify'] as const)('%s finds keys of histories only, and nothing sealed', async (login) => {
    const keys = await run(login, 'SELECT DISTINCT kind FROM countersign.dek');
    expect(keys.rows).toEqual([{ kind: 'history' }]);
    const tenantKeys = await run(login, `SELECT FROM countersign.tenant_key WHERE purpose <> 'system'`);
    expect(tenantKeys.rowCount).toBe(0);
    await expect(run(login, 'SELECT * FROM countersign.sealed')).rejects.toMatchObject(denied);
    await expect(run(login, 'SELECT * FROM countersign.subject_key')).rejects.toMatchObject(denied);
  });
});

describe('the signer’s login', () => {
  it.each([
    ['read who may do what', 'SELECT * FROM countersign.person'],
    ['read a key', 'SELECT * FROM countersign.dek'],
    ['read of an action more than its status', 'SELECT needs FROM countersign.action'],
    ['write a leaf', `SELECT countersign.audit_append('vote.counted', NULL, 'x', '{}')`],
  ])('cannot %s', (_what, sql) => expect(run('signer', sql)).rejects.toMatchObject(denied));
});
