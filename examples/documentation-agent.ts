/**
 * An agent that changes medication orders, in under seventy lines. It reads what a patient takes (T1), proposes a change (T2:
 * the ordering clinician and one more person sign it with their passkeys), and hears which version was written.
 *
 *   node dist/examples/documentation-agent.js Patient/1 Encounter/2 raise [ORDER]       # the first order that it reads
 *   node dist/examples/documentation-agent.js Patient/1 Encounter/2 stop ORDER…
 *   node dist/examples/documentation-agent.js Patient/1 Encounter/2 back ORDER VERSION ACTION
 */
import { Countersign, type ActionRequest } from '@countersign/client';
import { agentToken } from './agent-token.js';

const { COUNTERSIGN_URL: url = '', PRINCIPAL_TOKEN: principal = '' } = process.env;
const [patient = '', episode = '', task, ...named] = process.argv.slice(2);
const countersign = new Countersign({ url, token: agentToken(process.env) });
const context = { purpose: 'TREAT', principal, conversation: 'medication review' } as const;

const twoTablets = {
  at: 0,
  text: '2 tablets by mouth 2 times a day',
  timing: { repeat: { frequency: 2, period: 1, periodUnit: 'd' } },
  doseAndRate: [{ doseQuantity: { value: 2, unit: 'tablet', system: 'http://unitsofmeasure.org', code: '{tablet}' } }],
};

switch (task) {
  case 'raise': {
    const [order] = named.length > 0 ? named : await orders();
    if (order) await update(order, { dosageInstruction: [twoTablets] }, 'Not controlled on one tablet at a time');
    break;
  }
  case 'stop': // all at once: somebody should say no to this
    await Promise.all(named.map((order) => update(order, { status: 'stopped' }, 'Simplify the regimen')));
    break;
  case 'back': {
    const [order = '', version = '', undoes = ''] = named;
    await update(order, { restore: { version, undoes } }, 'The change was meant for another patient');
    break;
  }
}

async function orders(): Promise<readonly string[]> {
  const input = { patient, episode };
  const read = await ask({ type: 'medications.read', input, ...context, reason: 'Review of active medication' });
  const found = read.status === 'completed' ? (read.output.elements['current_medications'] ?? []) : [];
  return found.map(({ id }) => `MedicationRequest/${String(id)}`);
}

async function update(target: string, change: Readonly<Record<string, unknown>>, reason: string): Promise<void> {
  const justifications = { current_medications: 'The order to change is a current medication' };
  const input = { patient, episode, target, change };
  await ask({ type: 'medication.update', input, ...context, reason, justifications });
}

async function ask(request: ActionRequest) {
  const onPending = (waiting: { id: string; type: string }) => say({ waiting: waiting.id, type: waiting.type });
  const result = await countersign.run(request, { onPending });
  say({ asked: request.type, target: request.input['target'], ...result });
  return result;
}

function say(line: object): void {
  console.log(JSON.stringify(line));
}
