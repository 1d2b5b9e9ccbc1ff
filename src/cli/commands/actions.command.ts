/** `countersign actions`: what agents asked for, and how it went. Content is never part of it. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Api } from '../api.gateway.js';
import { previewCommand } from './actions-preview.js';
import { requestCommand } from './actions-request.js';
import { actionDetails, actionLines, statusText } from './action-text.js';
import { findId } from './find-id.js';
import { groupOf, personCommand, signedIn, type PersonOptions } from './person-command.js';
import { processShell, type Shell } from './shell.js';
import { actionList, actionView, isSettled, type ActionView } from './views.js';

interface ListOptions extends PersonOptions {
  readonly status?: string;
  readonly limit: number;
}

export function actionsCommand(shell: Shell = processShell): Command {
  const group = groupOf('actions', 'see what agents asked for, and cancel it');

  personCommand(group, 'list', 'the newest actions')
    .option('--status <status>', 'only these, for example awaiting_approval')
    .option('--limit <number>', 'how many', countOf, 20)
    .action((options: ListOptions) =>
      signedIn(shell, options, ['actions:read'], async ({ api }) => {
        const list = await listed(api, options);
        if (options.json) shell.print(JSON.stringify(list));
        else for (const line of actionLines(list.actions, Date.now())) shell.print(line);
      }),
    );

  personCommand(group, 'show <id>', 'one action; the first letters of its id are enough').action(
    (asked: string, options: PersonOptions) =>
      signedIn(shell, options, ['actions:read'], async ({ api }) => {
        tellOne(shell, options, await api.get(at(await idOf(api, asked)), actionView));
      }),
  );

  personCommand(group, 'watch <id>', 'follow one action until it ends').action(
    (asked: string, options: PersonOptions) =>
      signedIn(shell, options, ['actions:read'], async ({ api }) => {
        const id = await idOf(api, asked);
        let view = await api.get(at(id), actionView);
        for (let told = ''; ; view = await waitFor(api, id, 5)) {
          if (view.status !== told) shell.tell(statusText(view.status, shell.paint));
          told = view.status;
          if (isSettled(view)) break;
        }
        tellOne(shell, options, view);
      }),
  );

  personCommand(group, 'cancel <id>', 'ask for an end; counts until the action has begun its work').action(
    (asked: string, options: PersonOptions) =>
      signedIn(shell, options, ['actions:read', 'actions:cancel'], async ({ api }) => {
        const id = await idOf(api, asked);
        await api.post(`${at(id)}/cancel`, undefined, actionView);
        const view = await waitFor(api, id, 10);
        if (!isSettled(view)) shell.tell('Asked for; it has not ended yet: countersign actions watch.');
        else if (view.status !== 'cancelled') shell.tell('Too late to cancel: it ended as shown.');
        tellOne(shell, options, view);
      }),
  );

  requestCommand(group, shell);
  previewCommand(group, shell);

  return group;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new InvalidArgumentError('It is 1 to 200.');
  return count;
}

function tellOne(shell: Shell, { json }: PersonOptions, view: ActionView): void {
  if (json) shell.print(JSON.stringify(view));
  else for (const line of actionDetails(view, Date.now())) shell.print(line);
}

/** The id of one of the newest actions. */
export async function idOf(api: Api, asked: string): Promise<string> {
  return findId(asked, async () => (await listed(api, { limit: 100 })).actions);
}

function listed(api: Api, { status, limit }: Pick<ListOptions, 'status' | 'limit'>) {
  const query = new URLSearchParams({ limit: String(limit), ...(status !== undefined && { status }) });
  return api.get(`/v1/actions?${query.toString()}`, actionList);
}

function waitFor(api: Api, id: string, seconds: number): Promise<ActionView> {
  return api.get(`${at(id)}/wait?seconds=${seconds}`, actionView);
}

function at(id: string): string {
  return `/v1/actions/${id}`;
}
