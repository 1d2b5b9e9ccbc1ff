/** `countersign actions preview`: what would become of an agent's request, for those who write agents. */
import type { Command } from 'commander';
import { agentCommand, agentRequest, type AgentOptions } from './agent-request.js';
import { previewLines, previewShape } from './preview-text.js';
import type { Shell } from './shell.js';

export function previewCommand(group: Command, shell: Shell): void {
  agentCommand(
    group,
    'preview [file]',
    'what would become of a request (JSON in a file, or on standard input); starts nothing',
  ).action(async (file: string | undefined, options: AgentOptions) => {
    const { api, body } = await agentRequest(file, options, shell.env);
    const found = await api.post('/v1/actions/preview', body, previewShape);
    if (options.json) shell.print(JSON.stringify(found));
    else for (const line of previewLines(found, shell.paint)) shell.print(line);
  });
}
