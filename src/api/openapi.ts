/** The OpenAPI document of the routes; tools/openapi.ts writes it to openapi.json, and a test compares. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { getAction, listOfActions, requestAction, waitForAction } from './actions.route.js';
import { getApproval, listApprovals } from './approvals.route.js';
import { cancelAction, getEvidence, releaseAction } from './ends.route.js';
import { enrolPasskey, listPasskeys, openAnEnrolment, revokePasskey } from './passkeys.route.js';
import { previewAction } from './preview.route.js';
import { listDisposals, newestCheckpoint } from './records.route.js';
import {
  activateProposal,
  listRulebooks,
  openASignature,
  proposeARulebook,
  sendSignature,
  shadowAProposal,
  showRulebook,
} from './rulebooks.route.js';
import { castVote, openAChallenge } from './votes.route.js';
import { getPasskey, openAVouching, sendWord } from './vouching.route.js';

const routes = [
  requestAction,
  previewAction,
  listOfActions,
  getAction,
  waitForAction,
  cancelAction,
  releaseAction,
  getEvidence,
  listApprovals,
  getApproval,
  openAChallenge,
  castVote,
  openAnEnrolment,
  enrolPasskey,
  listPasskeys,
  revokePasskey,
  getPasskey,
  openAVouching,
  sendWord,
  listDisposals,
  newestCheckpoint,
  proposeARulebook,
  listRulebooks,
  showRulebook,
  openASignature,
  sendSignature,
  activateProposal,
  shadowAProposal,
];

/** The same for every process of a build. */
export function openApiDocument() {
  const app = new OpenAPIHono();
  for (const route of routes) app.openAPIRegistry.registerPath(route);
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'at+jwt (RFC 9068)',
    description: 'An access token of an issuer that the rulebook trusts, its audience this API. Scopes by route.',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Countersign',
      version: '1',
      description: 'Governed AI-agent actions. Every answer that is no success is an RFC 9457 problem.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
  });
}
