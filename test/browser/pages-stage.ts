/** The API with its pages on `http://localhost`, before a whole stack whose people sign in at the sandbox provider. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { freePort, sandboxCredentials, startIdentityProvider, totpCode, totpStep } from '@countersign/sandbox';
import type { ActionId } from '../../src/action/ids.js';
import { apiApp } from '../../src/api/app.js';
import { listen } from '../../src/api/listen.js';
import { actionWaits } from '../../src/api/waits.js';
import { leafOf, type Leaf } from '../../src/audit/leaf.js';
import { leavesOf } from '../../src/audit/leaf.store.js';
import { createLog } from '../../src/config/log.js';
import { inTenant } from '../../src/database/transaction.js';
import { tokenVerifiers } from '../../src/identity/tokens.gateway.js';
import type { RulebookFiles } from '../../src/rulebook/load.js';
import { activateRulebook, activeDigest, findRulebook, storeRulebook } from '../../src/rulebook/rulebook.store.js';
import { passkeyWorkflows } from '../../src/temporal/passkey-workflows.js';
import { rulebookChanges } from '../../src/temporal/rulebook-changes.js';
import { testRulebook } from '../support/rulebook.js';
import { clinic, startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

export interface PagesStage {
  readonly stack: Stack;
  /** Where the pages are at home. */
  readonly url: string;
  readonly issuer: string;
  /** Fills in the provider's page, both factors, as this person. */
  signIn(page: Page, person: string): Promise<void>;
  /** From now on a rulebook governs in which these files take the place of those that ship. */
  govern(changes: RulebookFiles): Promise<void>;
  leaves(action: ActionId): Promise<readonly Leaf[]>;
  /** Those that belong to no action. */
  tenantLeaves(): Promise<readonly Leaf[]>;
  stop(): Promise<void>;
}

/** Seconds that a one-time code lasts, so that people can sign in often. */
const totpPeriod = 2;

export async function pagesStage(): Promise<PagesStage> {
  const stack = await startStack();
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const stateDir = mkdtempSync(join(tmpdir(), 'pages-idp-'));
  const consoleRedirects = ['passkeys', 'approve', 'rulebook'].map((page) => `${url}/pages/${page}`);
  const provider = { port: 0, issuerHost: 'localhost', stateDir, apiResource: url, agents: [], consoleRedirects };
  const idp = await startIdentityProvider({ ...provider, totpPeriod });
  await trustProvider(stack, url, idp.issuer);
  const log = createLog('test-api', 'fatal');
  const waits = actionWaits({ pool: stack.api.pool, tenant: clinic, log });
  const app = apiApp({
    ...stack.api,
    tenant: clinic,
    url,
    verifier: tokenVerifiers(),
    actions: stack.actions,
    passkeys: passkeyWorkflows(stack.client),
    rulebooks: rulebookChanges(stack.client),
    waits,
    log,
  });
  const server = await listen(app, { host: '127.0.0.1', port });
  let lastStep = 0;

  return {
    stack,
    url,
    issuer: idp.issuer,
    async signIn(page, person) {
      const { password, totpSecret } = sandboxCredentials(stateDir, person);
      await page.locator('[name=password]').waitFor();
      // A code counts once, and one step early at the soonest.
      const step = await until(async () => {
        const now = totpStep(Date.now(), totpPeriod);
        return now >= lastStep ? Math.max(now, lastStep + 1) : undefined;
      });
      lastStep = step;
      await page.selectOption('[name=person]', person);
      await page.fill('[name=password]', password);
      await page.fill('[name=code]', totpCode(totpSecret, step));
      await page.click('button.main');
    },
    govern: (changes) => trustProvider(stack, url, idp.issuer, changes),
    leaves: (action) =>
      inTenant(stack.db.pool('api'), clinic, async (tx) =>
        (await leavesOf(tx, action)).map(({ bytes }) => leafOf(bytes)),
      ),
    async tenantLeaves() {
      const found = await stack.db.admin.query<{ bytes: Buffer }>(
        'SELECT bytes FROM countersign.audit_leaf WHERE action IS NULL ORDER BY index',
      );
      return found.rows.map(({ bytes }) => leafOf(bytes));
    },
    async stop() {
      waits.stop();
      await server.close();
      await idp.close();
      rmSync(stateDir, { recursive: true });
      await stack.stop();
    },
  };
}

/** From now on the people of the directory are those of the sandbox provider, and sign with passkeys of localhost. */
async function trustProvider({ db }: Stack, api: string, issuer: string, changes: RulebookFiles = {}): Promise<void> {
  await db.admin.query('UPDATE countersign.person SET issuer = $1', [issuer]);
  await inTenant(db.admin, clinic, async (tx) => {
    const { trustRoots } = await findRulebook(tx, await activeDigest(tx));
    const issuers = [{ issuer, audiences: [api], clients: ['countersign-console'], jwksUri: `${issuer}/jwks` }];
    const roots = { ...trustRoots, issuers, rpIds: ['localhost'] };
    const rulebook = testRulebook(changes, roots);
    await storeRulebook(tx, rulebook);
    await activateRulebook(tx, rulebook.digest);
  });
}
