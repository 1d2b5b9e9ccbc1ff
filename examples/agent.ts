/**
 * An agent in under sixty lines. It reads the clinic's opening hours (T0: nobody is asked); given a patient and an
 * encounter, it reads the medications (T1: a clinician signs), waiting `expiresIn` seconds at most.
 *
 *   node dist/examples/agent.js [Patient/1 Encounter/2 [expiresIn]]
 */
import { readFile } from 'node:fs/promises';
import { Countersign, type ActionResult } from '@countersign/client';
import * as oauth from 'openid-client';
import { importJWK, type JWK } from 'jose';

const { COUNTERSIGN_URL = '', COUNTERSIGN_ISSUER = '', AGENT_ID = '', AGENT_KEY_FILE = '' } = process.env;
const { PRINCIPAL_TOKEN: principal = '' } = process.env; // RFC 8693: says for whom the agent acts
const [patient, episode, expiresIn] = process.argv.slice(2);

// The agent proves who it is with its own key (private_key_jwt).
const jwk: JWK & { alg: string } = JSON.parse(await readFile(AGENT_KEY_FILE, 'utf8'));
const key = await importJWK(jwk, jwk.alg);
if (key instanceof Uint8Array) throw new Error('AGENT_KEY_FILE must hold a private JWK');
const issuer = new URL(COUNTERSIGN_ISSUER);
const local = issuer.hostname === 'localhost' ? { execute: [oauth.allowInsecureRequests] } : {};
const idp = await oauth.discovery(issuer, AGENT_ID, undefined, oauth.PrivateKeyJwt({ key, kid: jwk.kid ?? '' }), local);
const scope = 'actions:request actions:read actions:release';
const token = async () => (await oauth.clientCredentialsGrant(idp, { scope, resource: COUNTERSIGN_URL })).access_token;

const countersign = new Countersign({ url: COUNTERSIGN_URL, token });

const hours = { type: 'facility.read', input: {}, purpose: 'HOPERAT', principal };
tell(hours.type, await countersign.run(hours));

if (patient !== undefined) {
  const medications = {
    type: 'medications.read',
    input: { patient, episode },
    purpose: 'TREAT',
    principal,
    reason: 'Reconcile medications before discharge',
    ...(expiresIn !== undefined && { expiresIn: Number(expiresIn) }),
  };
  const onPending = ({ id }: { id: string }) => console.log(JSON.stringify({ waiting: id }));
  tell(medications.type, await countersign.run(medications, { onPending }));
}

/** A human's no is a value: the agent goes on with it like with any other answer. */
function tell(asked: string, result: ActionResult): void {
  console.log(JSON.stringify({ asked, ...result }));
  if (result.status === 'denied') console.error(`A clinician said no: ${result.reason}`);
}
