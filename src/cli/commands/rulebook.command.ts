/** `countersign rulebook`: other rules are proposed, signed by two people, and made to govern. */
import type { Command } from 'commander';
import { compareRulebooks } from '../../rulebook/change/compare.js';
import type { Api } from '../api.gateway.js';
import { CommandFailure, wrongUse } from './failure.js';
import { groupOf, personCommand, signedIn, type PersonOptions } from './person-command.js';
import { fetchContent, fetchRulebook, readRulebook, writeRulebook } from './rulebook-files.js';
import { signProposal } from './rulebook-sign.js';
import {
  activatedView,
  differenceLines,
  historyLines,
  historyView,
  proposedView,
  shadowView,
  shownDigits,
  type HistoryView,
  type ProposalView,
} from './rulebook-views.js';
import { processShell, type Shell } from './shell.js';

const scopes = ['rulebook:change'];

interface SignOptions extends PersonOptions {
  readonly deny?: boolean;
  readonly role?: readonly string[];
  readonly yes?: boolean;
}

export function rulebookCommand(shell: Shell = processShell): Command {
  const group = groupOf('rulebook', 'propose other rules, sign them with somebody else, make them govern');

  personCommand(group, 'history', 'what governed since when, who proposed and who signed').action(
    (options: PersonOptions) =>
      signedIn(shell, options, scopes, async ({ api }) => {
        const history = await api.get('/v1/rulebooks', historyView);
        if (options.json) shell.print(JSON.stringify(history));
        else for (const line of historyLines(history)) shell.print(line);
      }),
  );

  personCommand(group, 'show <digest>', 'one rulebook; the first eight digits of its digest are enough')
    .option('--to <folder>', 'write its files there, to be edited and proposed')
    .action((asked: string, options: PersonOptions & { readonly to?: string }) =>
      signedIn(shell, options, scopes, async ({ api }) => show(shell, api, asked, options)),
    );

  personCommand(group, 'propose <folder>', 'check the rulebook of a folder and propose it in place of the active one')
    .option('--note <text>', 'why, for those who sign; no patient data')
    .action((folder: string, options: PersonOptions & { readonly note?: string }) =>
      signedIn(shell, options, scopes, async ({ api }) => propose(shell, api, folder, options)),
    );

  personCommand(group, 'sign <digest>', 'read what a proposal changes, and sign it with your passkey')
    .option('--deny', 'sign against it: nobody can activate it any more')
    .option('--role <role...>', 'act in these of your roles only')
    .option('--yes', 'do not ask whether you are sure; your passkey signs all the same')
    .action((asked: string, options: SignOptions) => sign(shell, asked, options));

  personCommand(group, 'activate <digest>', 'make a proposal govern that two people have signed').action(
    (asked: string, options: PersonOptions) =>
      signedIn(shell, options, scopes, async ({ api }) => activate(shell, api, asked, options)),
  );

  personCommand(
    group,
    'shadow <digest>',
    'have a proposal judge new actions too, without effect; `off` ends that',
  ).action((asked: string, options: PersonOptions) =>
    signedIn(shell, options, scopes, async ({ api }) => shadow(shell, api, asked, options)),
  );

  return group;
}

async function shadow(shell: Shell, api: Api, asked: string, { json }: PersonOptions): Promise<void> {
  const proposal = asked === 'off' ? null : openProposal(asked, await api.get('/v1/rulebooks', historyView)).id;
  const set = await api.post('/v1/rulebooks/shadow', { proposal }, shadowView);
  if (json) shell.print(JSON.stringify(set));
  else if (set.shadow === null) shell.print('Nothing judges beside the active rulebook any more.');
  else shell.print('It judges what is asked for from here on, without effect: countersign rulebook history.');
}

async function show(
  shell: Shell,
  api: Api,
  asked: string,
  { to, json }: { readonly to?: string; readonly json?: boolean },
): Promise<void> {
  const history = await api.get('/v1/rulebooks', historyView);
  const { digest, content } = await fetchRulebook(api, digestOf(asked, history));
  if (to === undefined) return shell.print(JSON.stringify(content, undefined, json ? undefined : 2));
  const files = writeRulebook(to, content);
  if (json) shell.print(JSON.stringify({ digest, folder: to, files }));
  else shell.print(`${digest.slice(0, shownDigits)} is in ${to}: ${files.join(', ')}`);
}

async function propose(
  shell: Shell,
  api: Api,
  folder: string,
  { note, json }: { readonly note?: string; readonly json?: boolean },
): Promise<void> {
  const { active } = await api.get('/v1/rulebooks', historyView);
  if (active === null) throw new CommandFailure(1, 'rulebook.missing', 'Nothing governs yet: countersign migrate.');
  const governing = await fetchContent(api, active);
  const rulebook = readRulebook(folder, governing);
  const body = { content: rulebook.content, ...(note !== undefined && { note }) };
  const proposed = await api.post('/v1/rulebooks', body, proposedView);
  const { digest } = proposed;
  if (digest !== rulebook.digest || proposed.base !== active)
    throw new CommandFailure(1, 'rulebook.differs', 'The API proposed another rulebook than this one. Deny it.');
  const differences = compareRulebooks(governing, rulebook.content);
  if (json) return shell.print(JSON.stringify({ ...proposed, differences }));
  shell.print(`Proposed ${digest}`);
  for (const line of differenceLines(differences)) shell.print(line);
  shell.print(`Two people sign it now: countersign rulebook sign ${digest.slice(0, shownDigits)}`);
}

async function sign(shell: Shell, asked: string, options: SignOptions): Promise<void> {
  const { deny = false, role: roles, yes = false, json } = options;
  await signedIn(shell, options, scopes, async (session) => {
    const proposal = openProposal(asked, await session.api.get('/v1/rulebooks', historyView));
    if (options.sandboxPerson === undefined) return signInBrowser(shell, options, session.place.api, proposal);
    const verdict = deny ? 'deny' : 'approve';
    const status = await signProposal(shell, session, { proposal, verdict, roles, yes });
    const { id, digest } = proposal;
    if (json) return shell.print(JSON.stringify({ proposal: id, digest, verdict, status }));
    if (status === 'pending') return shell.print('Noted, and not verified yet: countersign rulebook history.');
    if (deny) return shell.print('You denied it: nobody can activate this proposal any more.');
    shell.print(`You signed. Once two have: countersign rulebook activate ${digest.slice(0, shownDigits)}`);
  });
}

/** A real passkey signs at the API's own site and nowhere else. */
function signInBrowser(shell: Shell, { browser, json }: SignOptions, api: string, { id }: ProposalView): void {
  const page = new URL('/pages/rulebook', api);
  page.searchParams.set('proposal', id);
  if (json) shell.print(JSON.stringify({ page: page.href }));
  else {
    shell.tell('This takes your passkey, which signs in your browser. Read it and sign there:');
    shell.print(page.href);
  }
  if (browser) shell.openBrowser(page);
}

async function activate(shell: Shell, api: Api, asked: string, { json }: PersonOptions): Promise<void> {
  const { id } = openProposal(asked, await api.get('/v1/rulebooks', historyView));
  const activated = await api.post('/v1/rulebooks/activations', { proposal: id }, activatedView);
  if (json) return shell.print(JSON.stringify(activated));
  if (activated.status === 'pending') return shell.print('Not answered yet: countersign rulebook history.');
  shell.print(`${activated.digest} governs what is asked for from here on.`);
  shell.print('What is open keeps the rules that it was asked under; these may only be stricter with it.');
}

const start = /^[0-9a-f]{8,64}$/;

function digestOf(asked: string, { activations, proposals }: HistoryView): string {
  if (!start.test(asked)) throw wrongUse('A digest is 64 digits, or at least the first eight of them.');
  const [found, ...others] = [...new Set([...activations, ...proposals].map(({ digest }) => digest))].filter((digest) =>
    digest.startsWith(asked),
  );
  if (found === undefined) throw new CommandFailure(1, 'rulebook.unknown', 'No rulebook here begins so.');
  if (others.length > 0) throw new CommandFailure(1, 'rulebook.ambiguous', 'Several begin so; give more digits.');
  return found;
}

/** The one proposal of this rulebook that may still be signed. */
function openProposal(asked: string, history: HistoryView): ProposalView {
  const digest = digestOf(asked, history);
  const found = history.proposals.find((each) => each.digest === digest && each.status === 'open');
  if (found) return found;
  const [latest] = history.proposals.filter((each) => each.digest === digest);
  const words =
    latest === undefined ? 'Nobody has proposed it.' : `Its latest proposal is ${latest.status}; propose it anew.`;
  throw new CommandFailure(1, 'rulebook.not_open', words);
}
