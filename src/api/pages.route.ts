/** Plain pages for people who have no other client: making passkeys, voting and signing rulebooks in a browser. */
import { Hono } from 'hono';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ApiEnv } from './answer.js';
import type { ApiDeps } from './deps.js';
import { readAssets, type Asset } from './pages/assets.js';
import { pageDocument, pageHeaders, type PageName } from './pages/document.js';
import { ApiProblem } from './problem.js';

/** By this name a provider registers the pages: public client, code and PKCE, their addresses as redirects. */
const clientId = 'countersign-console';

export function pageRoutes({ url }: Pick<ApiDeps, 'url'>, governing: () => Promise<Rulebook>): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  let assets: ReadonlyMap<string, Asset> | undefined;

  for (const name of ['approve', 'passkeys', 'rulebook'] satisfies PageName[])
    app.get(`/pages/${name}`, async (c) => c.html(pageDocument(name), 200, pageHeaders(await signInIssuer(governing))));

  app.get('/pages/config.json', async (c) => c.json({ issuer: await signInIssuer(governing), clientId, api: url }));

  app.get('/pages/assets/:name', (c) => {
    assets ??= readAssets();
    const asset = assets.get(c.req.param('name'));
    if (!asset) throw new ApiProblem('not_found');
    return c.body(asset.body, 200, { 'content-type': asset.type });
  });
  return app;
}

/** People sign in at the first issuer of the rulebook. @throws ApiProblem `not_found` where it trusts none. */
async function signInIssuer(governing: () => Promise<Rulebook>): Promise<string> {
  const [first] = (await governing()).trustRoots.issuers;
  if (!first) throw new ApiProblem('not_found');
  return first.issuer;
}
