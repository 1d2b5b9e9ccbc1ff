/** What the demo prints: for people a line or two a step, for programs one JSON object a step. */
import type { Paint } from '../terminal.js';

/** Whatever a step tells beside its name; `status` is what the product answered. */
export interface StepFacts {
  readonly action?: string;
  readonly tier?: string;
  readonly status: string;
  readonly [fact: string]: unknown;
}

export interface Told {
  readonly facts: StepFacts;
  /** For people: what was seen, one line each. */
  readonly lines: readonly string[];
}

export interface Narrator {
  /** Before a step, so that waiting has a name. */
  begin(title: string): void;
  end(step: string, told: Told): void;
  fail(step: string, reason: string): void;
  close(seconds: number, steps: number): void;
}

export function jsonNarrator(print: (line: string) => void): Narrator {
  return {
    begin: () => undefined,
    end: (step, { facts }) => print(JSON.stringify({ step, ok: true, ...facts })),
    fail: (step, reason) => print(JSON.stringify({ step, ok: false, status: 'not_seen', reason })),
    close: (seconds, steps) => print(JSON.stringify({ step: 'end', ok: true, status: 'seen', steps, seconds })),
  };
}

export function humanNarrator(print: (line: string) => void, paint: Paint): Narrator {
  return {
    begin: (title) => print(`\n${paint('bold', title)}`),
    end: (_step, { lines }) => {
      lines.forEach((line, at) => print(`  ${at === 0 ? paint('green', '✓') : ' '} ${line}`));
    },
    fail: (step, reason) => print(`  ${paint('red', '✗')} ${step}: ${reason}`),
    close: (seconds, steps) => print(`\n${paint('green', `All ${steps} steps were seen to hold`)} in ${seconds} s.`),
  };
}
