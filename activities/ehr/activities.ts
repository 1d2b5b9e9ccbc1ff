import type { StepName } from '../../src/action/ids.js';
import { Refusal } from '../../src/action/refusal.js';
import type { Admission, MintedWarrant, Performed, Relation } from '../../src/action/types.js';
import { checkRead } from '../../src/ehr/check-read.tx.js';
import { closeRead } from '../../src/ehr/close-read.tx.js';
import { closeRelation, storedRelation } from '../../src/ehr/close-relation.tx.js';
import type { EhrDeps } from '../../src/ehr/deps.js';
import { judgeRead } from '../../src/ehr/judge-read.js';
import { openRead, type OpenedRead } from '../../src/ehr/open-read.tx.js';
import { readElements, type ReadResult } from '../../src/ehr/read-elements.js';
import { recordRefusal } from '../../src/ehr/record-refusal.tx.js';
import { performStep, relateStep } from '../../src/ehr/steps.js';
import { beating, pause } from './beating.js';

/** Activities of the `ehr` queue: the only ones whose process can reach the EHR. */
export interface EhrActivities {
  /** Asks, under a system warrant, whether the principal is treating this patient now. */
  relate(admission: Admission, warrant: MintedWarrant): Promise<Relation>;
  /** Does what the warrant names, scans what came back and seals it. Repeated after a crash, it resumes the same use. */
  perform(admission: Admission, warrant: MintedWarrant): Promise<Performed>;
}

type Open = Extract<OpenedRead, { status: 'open' }>;
type Ended = Exclude<OpenedRead, Open>;

export function ehrActivities(deps: EhrDeps): EhrActivities {
  const read = (admission: Admission, { use, attempt, order }: Open, signal: AbortSignal): Promise<ReadResult> =>
    readElements(
      { fhir: deps.fhir, check: () => checkRead(deps, admission.tenant, use, attempt), pause, signal },
      order,
    );

  /** What a gateway refused is on the log before the workflow hears of it. */
  const onLog = async <T>(
    admission: Admission,
    warrant: MintedWarrant,
    step: StepName,
    work: Promise<T>,
  ): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Refusal) await recordRefusal(deps, admission, { warrant, step, code: error.code });
      throw error;
    }
  };

  return {
    relate: (admission, warrant) =>
      onLog(
        admission,
        warrant,
        relateStep,
        beating(async (signal) => {
          const opened = await openRead(deps, admission, { warrant, step: relateStep });
          if (opened.status !== 'open') return storedRelation(deps, admission);
          return closeRelation(deps, admission, opened, await read(admission, opened, signal));
        }),
      ),

    perform: (admission, warrant) =>
      onLog(
        admission,
        warrant,
        performStep,
        beating(async (signal) => {
          const opened = await openRead(deps, admission, { warrant, step: performStep });
          if (opened.status !== 'open') return asPerformed(opened);
          const { destination, order } = opened;
          const result = await read(admission, opened, signal);
          const judged = judgeRead(result, { patient: order.subject.patient?.reference, destination });
          return closeRead(deps, admission, opened, judged);
        }),
      ),
  };
}

/** The stored counts of a use that an earlier attempt ended: the EHR is not asked again. */
function asPerformed({ status, records, truncated, findings }: Ended): Performed {
  return status === 'done' ? { status: 'performed', records, truncated } : { status, findings };
}
