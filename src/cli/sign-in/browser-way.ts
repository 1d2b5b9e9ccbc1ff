/** Signs in with the person's own browser, which comes back to a loopback address (RFC 8252). */
import { CommandFailure } from '../commands/failure.js';
import { listenOnLoopback } from './loopback.js';
import type { Way } from './way.js';

export interface BrowserWayOptions {
  /** Shows a line to the person: the address to open, for where no browser opens by itself. */
  readonly tell: (line: string) => void;
  readonly open: (url: URL) => void;
  /** Milliseconds that somebody may take to sign in. */
  readonly patience?: number;
}

export async function browserWay({ tell, open, patience = 300_000 }: BrowserWayOptions): Promise<Way> {
  const loopback = await listenOnLoopback();
  return {
    redirectUri: loopback.redirectUri,
    async visit({ authorizationUrl, state, bothFactors }) {
      const answer = loopback.answerTo(state);
      tell(bothFactors ? 'Sign this decision in your browser:' : 'Sign in with your browser:');
      tell(`  ${authorizationUrl.href}`);
      open(authorizationUrl);
      return withinTime(answer, patience);
    },
    close: () => loopback.close(),
  };
}

async function withinTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const words = 'Nobody signed in within the time; nothing was done. Run the command again.';
    timer = setTimeout(() => reject(new CommandFailure(1, 'sign_in.timeout', words)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
