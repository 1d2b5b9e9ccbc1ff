import { describe, expect, it } from '@jest/globals';
import { Hono } from 'hono';
import { answerProblem, errorAnswer, type ApiEnv } from '../../../src/api/answer.js';
import { identified } from '../../../src/api/guard.js';
import { pageRoutes } from '../../../src/api/pages.route.js';
import { apiProblem } from '../../../src/api/problem.js';
import { createLog } from '../../../src/config/log.js';
import { testRulebook } from '../../support/rulebook.js';

const log = createLog('test', 'fatal');
const issuer = 'https://login.example/realm';
const url = 'https://api.example/';

function served(issuers: readonly string[] = [issuer]) {
  const roots = issuers.map((each) => ({ issuer: each, audiences: [url], clients: [], jwksUri: `${each}/jwks` }));
  const rulebook = testRulebook({}, { issuers: roots, warrantIssuers: [], logs: [], rpIds: ['api.example'] });
  const app = new Hono<ApiEnv>();
  app.use(identified(log, errorAnswer(log)));
  app.onError(errorAnswer(log));
  app.notFound((c) => answerProblem(c, apiProblem('not_found')));
  return app.route(
    '/',
    pageRoutes({ url }, async () => rulebook),
  );
}

describe('the pages as the API serves them', () => {
  it.each(['approve', 'passkeys'])('bound what a script of %s can do', async (name) => {
    const response = await served().request(`/pages/${name}`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(response.status).toBe(200);
    expect(policy.split('; ').sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self' https://login.example",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      'img-src data:',
      "require-trusted-types-for 'script'",
      "script-src 'self'",
      "style-src 'self'",
      "trusted-types 'none'",
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    const html = await response.text();
    expect(html).toContain(`src="assets/${name}.js"`);
    expect(html).not.toMatch(/https?:|<style|<script(?! type="module" src=)/);
  });

  it('leave every other answer its own, stricter, policy', async () => {
    const response = await served().request('/pages/config.json');
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(await response.json()).toEqual({ issuer, clientId: 'countersign-console', api: url });
  });

  it.each([
    ['approve.js', 'text/javascript; charset=utf-8'],
    ['passkeys.js', 'text/javascript; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
  ])('come with %s', async (name, type) => {
    const response = await served().request(`/pages/assets/${name}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each(['approve.d.ts', 'tsconfig.tsbuildinfo', '..%2f..%2fpackage.json', '%2e%2e', 'constructor'])(
    'come with no %s',
    async (name) => {
      expect((await served().request(`/pages/assets/${name}`)).status).toBe(404);
    },
  );

  it('are not there where the rulebook trusts nobody', async () => {
    expect((await served([]).request('/pages/approve')).status).toBe(404);
  });
});
