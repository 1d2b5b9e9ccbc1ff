import { Refusal } from '../action/refusal.js';
import { EnvironmentError } from '../config/environment.js';
import { CommandFailure } from './commands/failure.js';

/**
 * What a person reads when a command fails. Refusals and messages of the environment say themselves what to do; an error
 * whose class we do not know is one line, and where to look next.
 */
export function explainFailure(error: unknown): string {
  if (error instanceof Refusal || error instanceof EnvironmentError || error instanceof CommandFailure)
    return error.message;
  if (!(error instanceof Error)) return `countersign: something failed. ${next}`;
  // Our own commands throw plain errors whose messages end in what to do; only foreign ones need the hint.
  const foreign = error.name !== 'StateInUse' && ('code' in error || error.name === 'TypeError');
  return foreign ? `countersign: ${firstLine(error.message)}. ${next}` : `countersign: ${error.message}`;
}

const next = 'See what is missing: countersign doctor';

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}
