/** `countersign approvals`: what waits for a person, and their signed yes or no. */
import { Option, type Command } from 'commander';
import {
  meanings,
  meaningSchema,
  meansVerdict,
  usualMeaning,
  type Meaning,
  type Verdict,
} from '../../approval/decision.js';
import type { Api } from '../api.gateway.js';
import { approvalLines, waitingLines } from './approval-text.js';
import { approvalView, waitingList, type Approval } from './approval-view.js';
import { castVote, tellResult } from './cast-vote.js';
import { votePage } from './prove-vote.js';
import { findId } from './find-id.js';
import { groupOf, personCommand, signedIn, type PersonOptions } from './person-command.js';
import { processShell, type Shell } from './shell.js';

interface VoteOptions extends PersonOptions {
  readonly meaning?: Meaning;
  readonly role?: readonly string[];
  readonly reason?: string;
  readonly yes?: boolean;
  readonly confirm?: string;
}

export function approvalsCommand(shell: Shell = processShell): Command {
  const group = groupOf('approvals', 'see what waits for you; approve or deny it with your sign-in');

  personCommand(group, 'list', 'actions that wait for a vote of yours').action((options: PersonOptions) =>
    signedIn(shell, options, ['approvals:read'], async ({ api }) => {
      const list = await api.get('/v1/approvals', waitingList);
      if (options.json) shell.print(JSON.stringify(list));
      else for (const line of waitingLines(list.approvals, Date.now())) shell.print(line);
    }),
  );

  personCommand(group, 'show <id>', 'what exactly is asked; each look is on the log').action(
    (asked: string, options: PersonOptions) =>
      signedIn(shell, options, ['approvals:read'], async ({ api }) => {
        const approval = await approvalOf(api, asked);
        if (options.json) shell.print(JSON.stringify(approval));
        else for (const line of approvalLines(approval, Date.now())) shell.print(line);
      }),
  );

  const vote = (verdict: Verdict) => (asked: string, options: VoteOptions) =>
    signedIn(shell, options, ['approvals:read', 'approvals:vote', 'actions:read'], async (session) => {
      const { reason, role: roles, yes = false, confirm: confirmation } = options;
      const approval = await approvalOf(session.api, asked);
      if (approval.proof.method === 'passkey' && options.sandboxPerson === undefined)
        return voteInBrowser(shell, options, votePage(session.place.api, approval.id));
      const meaning = options.meaning ?? fittingMeaning(approval, verdict);
      const chosen = { verdict, meaning, ...(reason !== undefined && { reason }), ...(roles && { roles }) };
      tellResult(shell, options, await castVote(shell, session, { approval, chosen, yes, confirmation }));
    });

  voteCommand(group, 'approve <id>', 'approve').action(vote('approve'));
  voteCommand(group, 'deny <id>', 'deny')
    .requiredOption('--reason <text>', 'why: the agent and the auditors read it')
    .action(vote('deny'));

  return group;
}

function voteCommand(group: Command, usage: string, verdict: Verdict): Command {
  const fitting = meaningSchema.options.filter((meaning) => meansVerdict(meaning, verdict));
  return personCommand(group, usage, `${verdict} an action: shows what is asked, asks you, and has you sign in for it`)
    .addOption(new Option('--meaning <meaning>', 'what your signature stands for').choices(fitting))
    .option('--role <role...>', 'act in these of your roles only')
    .option('--yes', 'do not ask whether you are sure; you sign in for the vote all the same')
    .option('--confirm <phrase>', 'the phrase to type for what cannot be taken back, instead of being asked for it')
    .addHelpText('after', ['\nMeanings:', ...fitting.map((each) => `  ${each}  ${meanings[each]}`)].join('\n'));
}

/** The usual meaning, or where it is not asked for the only one that this person's vote can have. */
function fittingMeaning({ may }: Approval, verdict: Verdict): Meaning {
  const fitting = may.meanings.filter((meaning) => meansVerdict(meaning, verdict));
  const [only, ...others] = fitting;
  if (fitting.includes(usualMeaning[verdict]) || only === undefined || others.length > 0) return usualMeaning[verdict];
  return only;
}

/** A real passkey signs at the API's own site and nowhere else. */
function voteInBrowser(shell: Shell, { browser, json }: VoteOptions, page: URL): void {
  if (json) shell.print(JSON.stringify({ page: page.href }));
  else {
    shell.tell('This vote takes your passkey, which signs in your browser. Look at it and vote there:');
    shell.print(page.href);
  }
  if (browser) shell.openBrowser(page);
}

/** By its id, or by the first letters of one that waits for this person. */
async function approvalOf(api: Api, asked: string): Promise<Approval> {
  const id = await findId(asked, async () => (await api.get('/v1/approvals', waitingList)).approvals);
  return api.get(`/v1/approvals/${id}`, approvalView);
}
