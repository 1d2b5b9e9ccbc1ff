/**
 * An agent in under sixty lines: it reads the clinic's opening hours (T0, nobody asked), then a patient's medications
 * (T1, a clinician signs).
 *
 *   COUNTERSIGN_URL=… AGENT_ID=… AGENT_KEY_FILE=… PRINCIPAL_TOKEN=… node dist/examples/agent.js Patient/1 Encounter/2
 */
import { readFile } from 'node:fs/promises';
import { Countersign, type ActionResult } from '@countersign/client';
import * as oauth from 'openid-client';
import { importJWK, type JWK } from 'jose';

const {
  COUNTERSIGN_URL = '',
  COUNTERSIGN_ISSUER = '',
  AGENT_ID = '',
  AGENT_KEY_FILE = '',
  PRINCIPAL_TOKEN = '',
} = process.env;
const [patient = '', episode = '', expiresIn] = process.argv.slice(2);

// The agent proves who it is with its own key (private_key_jwt); the principal's token says for whom it acts.
const jwk = JSON.parse(await readFile(AGENT_KEY_FILE, 'utf8')) as JWK & { alg: string };
const key = await importJWK(jwk, jwk.alg);
if (key instanceof Uint8Array) throw new Error('AGENT_KEY_FILE must hold a private JWK');
const issuer = new URL(COUNTERSIGN_ISSUER);
const local = issuer.hostname === 'localhost' ? { execute: [oauth.allowInsecureRequests] } : {};
const idp = await oauth.discovery(issuer, AGENT_ID, undefined, oauth.PrivateKeyJwt({ key, kid: jwk.kid ?? '' }), local);
const scope = 'actions:request actions:read actions:release';
const token = async () => (await oauth.clientCredentialsGrant(idp, { scope, resource: COUNTERSIGN_URL })).access_token;

const countersign = new Countersign({ url: COUNTERSIGN_URL, token });

tell(
  'facility.read',
  await countersign.run({ type: 'facility.read', input: {}, purpose: 'HOPERAT', principal: PRINCIPAL_TOKEN }),
);
tell(
  'medications.read',
  await countersign.run(
    {
      type: 'medications.read',
      input: { patient, episode },
      purpose: 'TREAT',
      principal: PRINCIPAL_TOKEN,
      reason: 'Reconcile medications before discharge',
      ...(expiresIn !== undefined && { expiresIn: Number(expiresIn) }),
    },
    { onPending: ({ id }) => console.log(JSON.stringify({ waiting: id })) },
  ),
);

function tell(asked: string, result: ActionResult): void {
  switch (result.status) {
    case 'completed':
      return console.log(JSON.stringify({ asked, status: result.status, output: result.output }));
    case 'denied':
      return console.log(JSON.stringify({ asked, status: result.status, reason: result.reason }));
    default:
      return console.log(JSON.stringify({ asked, ...result }));
  }
}
