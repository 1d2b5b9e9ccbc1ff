/** `countersign actions request`: asks as an agent does, for those who try Countersign or write agents. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { statusText } from './action-text.js';
import { agentCommand, agentRequest, type AgentOptions } from './agent-request.js';
import type { Shell } from './shell.js';
import { actionView, needsText } from './views.js';

const refused = z.looseObject({ rules: z.array(z.string()).default([]) });

export function requestCommand(group: Command, shell: Shell): void {
  agentCommand(
    group,
    'request [file]',
    'ask as an agent does (JSON in a file, or on standard input); each call is a new action unless it names its idempotencyKey',
  ).action(async (file: string | undefined, options: AgentOptions) => {
    const { api, body } = await agentRequest(file, options, shell.env, ['actions:release']);
    const found = await api.post('/v1/actions', { idempotencyKey: randomUUID(), ...body }, actionView);
    const { id } = found;
    if (options.json) return shell.print(JSON.stringify(found));
    shell.print(`${id}  ${found.type}  ${statusText(found.status, shell.paint)}`);
    if (found.status === 'refused') {
      const { rules } = await api.post(`/v1/actions/${id}/release`, {}, refused);
      shell.tell(`Against it: ${rules.join(', ')}. countersign actions preview says more.`);
    }
    if (found.status !== 'awaiting_approval' && found.status !== 'preparing') return;
    shell.tell(`Waits for ${needsText(found.needs)}: countersign approvals approve ${id}`);
  });
}
