/** What the demo's steps are made of, and how each makes sure of what it saw. */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Told } from './narrator.js';
import { nodeOffline } from './offline.js';
import { commandLine, type Answer, type Stage } from './stage.js';

export interface Step {
  readonly name: string;
  readonly title: string;
  /** @throws NotSeen when something else happened than was promised. */
  readonly run: (stage: Stage, memory: Memory) => Promise<Told>;
}

/** What later steps need of earlier ones. */
export interface Memory {
  /** The approved read of medications. */
  approved?: string;
  /** Names of the medications that the agent was given. */
  medications?: readonly string[];
  /** Medication orders of the patient, and the change that was made to one of them. */
  orders?: readonly string[];
  written?: { readonly action: string; readonly reference: string; readonly before: string };
  /** Every action of the demo. */
  readonly actions: string[];
}

/** The demo did not see what it promises. */
export class NotSeen extends Error {
  override readonly name = 'NotSeen';
}

export function see(held: boolean, promise: string): void {
  if (!held) throw new NotSeen(promise);
}

const output = z.looseObject({ output: z.object({ elements: z.record(z.string(), z.array(z.looseObject({}))) }) });

export function answerTo(answers: readonly Answer[], asked: string): Answer {
  const answer = answers.findLast((each) => each.asked === asked);
  if (!answer) throw new NotSeen(`the agent has an answer to ${asked}`);
  return answer;
}

export function recordsOf(answer: Answer, element: string): readonly Readonly<Record<string, unknown>>[] {
  return output.safeParse(answer).data?.output.elements[element] ?? [];
}

export function known(id: string | undefined): string {
  if (id === undefined) throw new NotSeen('an earlier step left an approved action');
  return id;
}

export function bundleFile({ folder }: Stage, id: string): string {
  return join(folder, `${id}.json`);
}

export function verified({ dev, signal }: Stage, file: string) {
  return nodeOffline([commandLine, 'audit', 'verify', file, '--vkey', dev.vkey], signal);
}

/** Asks until it holds; twenty seconds at most. */
export async function eventually(promise: string, holds: () => Promise<boolean>): Promise<void> {
  for (const until = performance.now() + 20_000; ;) {
    if (await holds()) return;
    see(performance.now() < until, promise);
    await sleep(200);
  }
}
