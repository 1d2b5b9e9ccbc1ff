/** Nobody knows whether a write took effect: the EHR is asked again, ever more slowly, until it shows or a human says. */
import type { Admission, Concluded } from '../../src/action/types.js';
import type { Approvals } from './approvals.js';
import { showUnresolved } from './display.js';
import { governance, readings } from './profiles.js';

/** From seconds to hours; then only a human's word is waited for. */
const pauses = [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600].map((seconds) => seconds * 1_000);

export async function resolveUnknown(
  admission: Admission,
  approvals: Approvals,
  concluded: Concluded,
): Promise<Concluded> {
  let latest = concluded;
  // A workflow that was given back goes on where the one before it ended: warrants of earlier rounds are over.
  const before = concluded.resolution?.looked ?? 0;
  for (let round = before; latest.status === 'outcome_unknown' && latest.resolution; round++) {
    showUnresolved(latest);
    const said = await approvals.resolve(latest.resolution, pauses[round]);
    if (!said) await readBack(admission, round + 1);
    latest = await governance.settle(admission);
  }
  return latest;
}

/** An EHR that does not answer now is asked again later. */
async function readBack(admission: Admission, round: number): Promise<void> {
  const warrant = await governance.warrantReadBack(admission, round);
  if (warrant !== undefined) await readings.readBack(admission, warrant).catch(() => undefined);
}
