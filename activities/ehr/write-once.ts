import type { Admission } from '../../src/action/types.js';
import { awaitCovered } from '../../src/audit/await-covered.js';
import { isCovered } from '../../src/audit/covered.tx.js';
import { beginSending } from '../../src/ehr/begin-sending.tx.js';
import { carryOutWrite, type CarriedOut } from '../../src/ehr/carry-out-write.js';
import { checkRead } from '../../src/ehr/check-read.tx.js';
import type { EhrDeps } from '../../src/ehr/deps.js';
import type { OpenWrite } from '../../src/ehr/open-write.tx.js';
import { pause } from './beating.js';

/** A signer that has not covered the attempt by then will not do so in this one. */
const coveredWithinMs = 10_000;

/** One attempt of an opened write, from looking back to reading back. */
export function writeOnce(
  deps: EhrDeps,
  { tenant }: Admission,
  { use, attempt, order, leaf, logKeys }: OpenWrite,
  signal: AbortSignal,
): Promise<CarriedOut> {
  const { fhir, monotonic } = deps;
  return carryOutWrite(
    {
      fhir,
      monotonic,
      signal,
      check: () => checkRead(deps, tenant, use, attempt),
      covered: () =>
        awaitCovered(
          { look: () => isCovered(deps, { tenant, leaf, keys: logKeys }), pause, monotonic, signal },
          Math.min(order.until, monotonic() + coveredWithinMs),
        ),
      sending: () => beginSending(deps, tenant, use, attempt),
    },
    order,
  );
}
