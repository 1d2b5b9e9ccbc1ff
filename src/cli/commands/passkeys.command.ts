/** `countersign passkeys`: the keys that vote for a person. */
import type { Command } from 'commander';
import { passkeySchema } from '../../passkey/ids.js';
import type { Api } from '../api.gateway.js';
import { CommandFailure, wrongUse } from './failure.js';
import { enrolledLines, passkeyLines, passkeyList, passkeyView, vouchedLines } from './passkeys-view.js';
import { groupOf, personCommand, signedIn, type PersonOptions } from './person-command.js';
import { processShell, type Shell } from './shell.js';

const scopes = ['approvals:vote'];

export function passkeysCommand(shell: Shell = processShell): Command {
  const group = groupOf('passkeys', 'enrol, list and revoke the passkeys that vote for you; vouch for a colleague’s');

  personCommand(group, 'list', 'your passkeys, revoked ones included').action((options: PersonOptions) =>
    signedIn(shell, options, scopes, async ({ api }) => {
      const list = await api.get('/v1/passkeys', passkeyList);
      if (options.json) shell.print(JSON.stringify(list));
      else for (const line of passkeyLines(list.passkeys)) shell.print(line);
    }),
  );

  personCommand(group, 'enrol', 'make a passkey: in your browser, or for a sandbox person here').action(
    async (options: PersonOptions) => {
      const { sandboxPerson } = options;
      if (sandboxPerson === undefined) return openInBrowser(shell, options, { words: enrolWords, query: {} });
      await signedIn(shell, options, scopes, async (session) => {
        const { enrolSandboxPasskey } = await import('./passkeys-enrol.js');
        const made = await enrolSandboxPasskey(shell, session, sandboxPerson);
        if (options.json) shell.print(JSON.stringify(made));
        else for (const line of enrolledLines(made)) shell.print(line);
      });
    },
  );

  personCommand(group, 'revoke <id>', 'end a passkey for good; the first letters of its id are enough').action(
    (asked: string, options: PersonOptions) =>
      signedIn(shell, options, scopes, async ({ api }) => {
        const revoked = await api.delete(`/v1/passkeys/${await passkeyId(api, asked)}`, passkeyView);
        if (options.json) shell.print(JSON.stringify(revoked));
        else shell.print(`Passkey ${revoked.id} is revoked: it signs nothing that counts any more.`);
      }),
  );

  personCommand(group, 'vouch <id>', 'say that a colleague’s passkey is theirs, with a passkey of your own')
    .option('--yes', 'do not ask whether you compared the fingerprint')
    .action(async (id: string, options: VouchOptions) => {
      const passkey = passkeySchema.safeParse(id).data;
      if (passkey === undefined) throw wrongUse('Give the whole id, as its owner reads it from their own list.');
      const { sandboxPerson: person, yes = false } = options;
      if (person === undefined) return openInBrowser(shell, options, { words: vouchWords, query: { vouch: passkey } });
      await signedIn(shell, options, scopes, async (session) => {
        const { vouchFor } = await import('./passkeys-vouch.js');
        const vouched = await vouchFor(shell, session, { passkey, person, yes });
        if (options.json) shell.print(JSON.stringify(vouched));
        else for (const line of vouchedLines(vouched)) shell.print(line);
      });
    });

  return group;
}

interface VouchOptions extends PersonOptions {
  readonly yes?: boolean;
}

const enrolWords = 'A passkey is made in your browser, which signs votes of yours with it from then on. Open:';
const vouchWords = 'Your word takes your passkey, which signs in your browser. Compare the fingerprint there:';

interface Opening {
  readonly words: string;
  readonly query: Readonly<Record<string, string>>;
}

/** A real key lives in an authenticator, and only a browser at the API's own site talks to one. */
async function openInBrowser(
  shell: Shell,
  { state, browser, json }: PersonOptions,
  { words, query }: Opening,
): Promise<void> {
  const { findPlace } = await import('../sign-in/place.js');
  const page = new URL('/pages/passkeys', findPlace(state, shell.env).api);
  for (const [name, value] of Object.entries(query)) page.searchParams.set(name, value);
  if (json) shell.print(JSON.stringify({ page: page.href }));
  else {
    shell.tell(words);
    shell.print(page.href);
  }
  if (browser) shell.openBrowser(page);
}

/** By its id, or by the first letters of one of the caller's own. */
async function passkeyId(api: Api, asked: string): Promise<string> {
  if (!/^[0-9a-f][0-9a-f-]{3,35}$/.test(asked))
    throw wrongUse('An id is a UUID, or at least four of its first letters.');
  const { passkeys } = await api.get('/v1/passkeys', passkeyList);
  const [found, ...others] = passkeys.map(({ id }) => id).filter((id) => id.startsWith(asked));
  if (found === undefined) throw new CommandFailure(1, 'id.unknown', 'You have no passkey whose id begins so.');
  if (others.length > 0) throw new CommandFailure(1, 'id.ambiguous', 'Several ids begin so; give more letters.');
  return found;
}
