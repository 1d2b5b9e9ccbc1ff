import type { Resource } from '../ehr/resource.js';
import { bundledPeople } from './bundles.js';
import { canary } from './canary.js';
import { clinic } from './clinic.js';
import { generatedPeople } from './generated-people.js';
import { overlaid } from './overlay.js';

export interface Population {
  readonly seed: string;
  /** `YYYY-MM-DD`: open encounters began the day before. */
  readonly today: string;
  /** A folder of Synthea bundles; without it people are generated. */
  readonly bundlesDir?: string;
}

const generatedCount = 6;

/** Everything that a new sandbox EHR holds: the clinic, its patients, the canary. */
export function population({ seed, today, bundlesDir }: Population): readonly Resource[] {
  const people =
    bundlesDir === undefined ? generatedPeople({ seed, today, count: generatedCount }) : bundledPeople(bundlesDir);
  return [...clinic(), ...overlaid(people, { seed, today }), ...canary(today)];
}
