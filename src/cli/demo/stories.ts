import { readSteps } from './read-steps.js';
import type { Step } from './seeing.js';
import { writeSteps } from './write-steps.js';

/** What `--story` may name; without it all of them are told, in this order. */
export const stories: Readonly<Record<string, readonly Step[]>> = { read: readSteps, write: writeSteps };
