/**
 * An agent in under forty lines. It reads the clinic's opening hours (T0: nobody is asked); given a patient and an
 * encounter, it reads the medications (T1: a clinician signs), waiting `expiresIn` seconds at most.
 *
 *   node dist/examples/agent.js [Patient/1 Encounter/2 [expiresIn]]
 */
import { Countersign, type ActionResult } from '@countersign/client';
import { agentToken } from './agent-token.js';

const { COUNTERSIGN_URL: url = '' } = process.env;
const { PRINCIPAL_TOKEN: principal = '' } = process.env; // RFC 8693: says for whom the agent acts
const [patient, episode, expiresIn] = process.argv.slice(2);

const countersign = new Countersign({ url, token: agentToken(process.env) });

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
  const onPending = ({ id, type }: { id: string; type: string }) => console.log(JSON.stringify({ waiting: id, type }));
  tell(medications.type, await countersign.run(medications, { onPending }));
}

/** A human's no is a value: the agent goes on with it like with any other answer. */
function tell(asked: string, result: ActionResult): void {
  console.log(JSON.stringify({ asked, ...result }));
  if (result.status === 'denied') console.error(`A clinician said no: ${result.reason}`);
}
