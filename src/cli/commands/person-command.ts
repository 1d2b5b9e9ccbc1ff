/** What every command that a person signs in for has in common. */
import { Command } from 'commander';
import type { Api } from '../api.gateway.js';
import type { SignIn } from '../sign-in/code-flow.gateway.js';
import type { Place } from '../sign-in/place.js';
import type { Shell } from './shell.js';

export interface PersonOptions {
  readonly state?: string;
  readonly sandboxPerson?: string;
  readonly browser: boolean;
  readonly json?: boolean;
}

export interface Session {
  readonly api: Api;
  readonly signIn: SignIn;
  readonly place: Place;
  /** Whom the person acts as, in a development stack. */
  readonly sandboxPerson: string | undefined;
}

/** A group of commands: `countersign NAME …`. */
export function groupOf(name: string, description: string): Command {
  return new Command(name).description(description);
}

/** A command of the group, with the options of all that sign in. */
export function personCommand(group: Command, usage: string, description: string): Command {
  return group
    .command(usage)
    .description(description)
    .option('--state <folder>', 'state folder of the countersign dev to talk to')
    .option('--sandbox-person <name>', 'sign in as this sandbox person (development stacks only)')
    .option('--no-browser', 'open no browser; the address to open is printed')
    .option('--json', 'one JSON value on standard output');
}

/** Signs in, and out of the way again when the work is done. Tokens live in this process and nowhere else. */
export async function signedIn(
  shell: Shell,
  options: PersonOptions,
  scopes: readonly string[],
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const [{ findPlace }, { signInAt }, { apiAt }] = await Promise.all([
    import('../sign-in/place.js'),
    import('../sign-in/code-flow.gateway.js'),
    import('../api.gateway.js'),
  ]);
  const place = findPlace(options.state, shell.env);
  const way = await wayOf(shell, place, options);
  try {
    const signIn = await signInAt(place, way);
    let held: { readonly token: string; readonly until: number } | undefined;
    const token = async (): Promise<string> => {
      if (held === undefined || held.until < performance.now()) {
        const { token, seconds } = await signIn.accessToken(scopes);
        held = { token, until: performance.now() + (seconds - 45) * 1_000 };
      }
      return held.token;
    };
    await work({ api: apiAt(place.api, token), signIn, place, sandboxPerson: options.sandboxPerson });
  } finally {
    await way.close();
  }
}

async function wayOf(shell: Shell, place: Place, { sandboxPerson, browser }: PersonOptions) {
  if (sandboxPerson !== undefined) {
    const { sandboxWay } = await import('../sign-in/sandbox-way.js');
    return sandboxWay(place, sandboxPerson);
  }
  const { browserWay } = await import('../sign-in/browser-way.js');
  return browserWay({ tell: shell.tell, open: (url) => (browser ? shell.openBrowser(url) : undefined) });
}
