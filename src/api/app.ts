import { Hono } from 'hono';
import { actionRoutes } from './actions.route.js';
import { answerProblem, errorAnswer, type ApiEnv } from './answer.js';
import { approvalRoutes } from './approvals.route.js';
import { authenticator } from './caller.js';
import type { ApiDeps } from './deps.js';
import { endRoutes } from './ends.route.js';
import { governingRulebook } from './governing.js';
import { authenticated, boundedJson, identified } from './guard.js';
import { openApiDocument } from './openapi.js';
import { pageRoutes } from './pages.route.js';
import { passkeyRoutes } from './passkeys.route.js';
import { previewRoutes } from './preview.route.js';
import { apiProblem } from './problem.js';
import { recordRoutes } from './records.route.js';
import { rulebookRoutes } from './rulebooks.route.js';
import { voteRoutes } from './votes.route.js';
import { vouchingRoutes } from './vouching.route.js';

/**
 * The HTTP API. Wiring only: it listens to nothing. There is no CORS: browsers of other origins have no business here,
 * and agents are no browsers.
 */
export function apiApp(deps: ApiDeps): Hono<ApiEnv> {
  const governing = governingRulebook(deps);
  const app = new Hono<ApiEnv>();
  const answer = errorAnswer(deps.log);
  app.use(identified(deps.log, answer));
  app.onError(answer);
  app.notFound((c) => answerProblem(c, apiProblem('not_found')));

  // Alive, not ready: what it depends on tells for itself, and an outage of it must not restart every API at once.
  app.get('/healthz', (c) => c.json({ status: 'up' }));
  const document = JSON.stringify(openApiDocument());
  app.get('/openapi.json', (c) => c.body(document, 200, { 'content-type': 'application/json' }));

  app.route('/', pageRoutes(deps, governing.lastGood));

  app.use('/v1/*', authenticated(authenticator(deps, governing.lastGood)), boundedJson());
  app.route('/', previewRoutes(deps, governing.active));
  app.route('/', actionRoutes(deps, governing.active));
  app.route('/', endRoutes(deps));
  app.route('/', approvalRoutes(deps));
  app.route('/', voteRoutes(deps));
  app.route('/', passkeyRoutes(deps));
  app.route('/', vouchingRoutes(deps));
  app.route('/', recordRoutes(deps));
  app.route('/', rulebookRoutes(deps));
  return app;
}
