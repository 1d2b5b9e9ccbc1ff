/** What a command has of the terminal that it runs in. */
import { openBrowser } from '../sign-in/browser.js';
import { paintFor, type Paint } from '../terminal.js';

export interface Shell {
  readonly env: NodeJS.ProcessEnv;
  /** A line of the answer, on standard output. */
  print(line: string): void;
  /** A line for the person, on standard error. */
  tell(line: string): void;
  readonly paint: Paint;
  /** Somebody sits there and can be asked. */
  readonly interactive: boolean;
  /** False for a no, and when they leave. */
  confirm(question: string): Promise<boolean>;
  /** What they type; empty when they leave. */
  ask(question: string): Promise<string>;
  openBrowser(url: URL): void;
}

export const processShell: Shell = {
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  tell: (line) => void process.stderr.write(`${line}\n`),
  paint: (style, text) => paintFor(process.stdout, process.env)(style, text),
  get interactive() {
    return process.stdin.isTTY === true && process.stderr.isTTY === true;
  },
  async confirm(message) {
    const { confirm } = await import('@clack/prompts'); // only where somebody is asked
    return (await confirm({ message, initialValue: false, output: process.stderr })) === true;
  },
  async ask(message) {
    const { text } = await import('@clack/prompts');
    const typed = await text({ message, output: process.stderr });
    return typeof typed === 'string' ? typed : '';
  },
  openBrowser,
};
