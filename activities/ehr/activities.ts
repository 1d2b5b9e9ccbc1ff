import { step, type StepName } from '../../src/action/ids.js';
import { Refusal, type RefusalCode } from '../../src/action/refusal.js';
import type {
  Admission,
  MintedWarrant,
  Performed,
  Prepared,
  ReadBack,
  Relation,
  Written,
} from '../../src/action/types.js';
import type { Resource } from '../../src/ehr/bundle.js';
import { checkRead } from '../../src/ehr/check-read.tx.js';
import { closePrepare } from '../../src/ehr/close-prepare.tx.js';
import { closeRead } from '../../src/ehr/close-read.tx.js';
import { closeReadBack } from '../../src/ehr/close-read-back.tx.js';
import { closeRecheck } from '../../src/ehr/close-recheck.tx.js';
import { closeRelation, storedRelation } from '../../src/ehr/close-relation.tx.js';
import { closeWrite } from '../../src/ehr/close-write.tx.js';
import type { EhrDeps } from '../../src/ehr/deps.js';
import { judgeRead } from '../../src/ehr/judge-read.js';
import { lookBack } from '../../src/ehr/look-back.js';
import { openPrepare } from '../../src/ehr/open-prepare.tx.js';
import { openRead, type OpenedRead } from '../../src/ehr/open-read.tx.js';
import { openReadBack } from '../../src/ehr/open-read-back.tx.js';
import { openRecheck, type Rechecked } from '../../src/ehr/open-recheck.tx.js';
import { openWrite } from '../../src/ehr/open-write.tx.js';
import { patientIdentity, patientReading } from '../../src/ehr/patient-identity.js';
import { prepareChange } from '../../src/ehr/prepare-change.js';
import { readElements, type ReadResult } from '../../src/ehr/read-elements.js';
import { targetReader, type TargetOrder, type TargetReader } from '../../src/ehr/read-target.js';
import { recordRefusal } from '../../src/ehr/record-refusal.tx.js';
import { performStep, prepareStep, relateStep } from '../../src/ehr/steps.js';
import type { UseKey } from '../../src/warrant/use.store.js';
import { beating, pause } from './beating.js';
import { writeOnce } from './write-once.js';

/** Activities of the `ehr` queue: the only ones whose process can reach the EHR. */
export interface EhrActivities {
  /** Asks, under a system warrant, whether the principal is treating this patient now. */
  relate(admission: Admission, warrant: MintedWarrant): Promise<Relation>;
  /** Does what the warrant names, scans what came back and seals it. Repeated after a crash, it resumes the same use. */
  perform(admission: Admission, warrant: MintedWarrant): Promise<Performed>;
  /** Reads, under a system warrant, what is to be changed, and seals what exactly people are asked about. */
  prepare(admission: Admission, warrant: MintedWarrant): Promise<Prepared>;
  /** Writes what was approved, once: whatever dies when, the EHR holds at most one version of it. */
  write(admission: Admission, warrant: MintedWarrant): Promise<Written>;
  /** Asks the EHR, under a system warrant, what became of a write of which nobody knows. */
  readBack(admission: Admission, warrant: MintedWarrant): Promise<ReadBack>;
  /** Asks the EHR, under a system warrant, which versions it holds of what an ended action wrote, or may have written. */
  recheck(admission: Admission, warrant: MintedWarrant): Promise<Rechecked>;
}

type Open = Extract<OpenedRead, { status: 'open' }>;
type Ended = Exclude<OpenedRead, Open>;
type OpenOrder = Pick<Open, 'use' | 'attempt' | 'order'>;
interface OpenTarget {
  readonly use: UseKey;
  readonly attempt: number;
  readonly order: TargetOrder;
}

export function ehrActivities(deps: EhrDeps): EhrActivities {
  const read = (admission: Admission, { use, attempt, order }: OpenOrder, signal: AbortSignal): Promise<ReadResult> =>
    readElements(
      { fhir: deps.fhir, check: () => checkRead(deps, admission.tenant, use, attempt), pause, signal },
      order,
    );
  const target = ({ tenant }: Admission, { use, attempt, order }: OpenTarget, signal: AbortSignal): TargetReader =>
    targetReader({ fhir: deps.fhir, check: () => checkRead(deps, tenant, use, attempt), signal }, order);

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

    prepare: (admission, warrant) =>
      onLog(
        admission,
        warrant,
        prepareStep,
        beating(async (signal) => {
          const opened = await openPrepare(deps, admission, warrant);
          if (opened.status !== 'open') return opened;
          const reader = target(admission, opened, signal);
          const prepared = await prepareChange(reader, opened.order).catch(asRefused);
          if ('status' in prepared) return prepared;
          const { use, attempt, patient } = opened;
          const order = { ...patient, bytesLeft: patient.bytesLeft - reader.bytes() };
          const { elements, records, bytes } = await read(admission, { use, attempt, order }, signal);
          return closePrepare(deps, admission, opened, {
            ...prepared,
            patient: patientIdentity(elements[patientReading.name]?.[0] ?? null),
            records: 1 + records,
            bytes: reader.bytes() + bytes,
          });
        }),
      ),

    write: (admission, warrant) =>
      onLog(
        admission,
        warrant,
        performStep,
        beating(async (signal) => {
          const opened = await openWrite(deps, admission, warrant);
          switch (opened.status) {
            case 'open':
              return closeWrite(deps, admission, opened, await writeOnce(deps, admission, opened, signal));
            case 'done':
              return { status: 'performed', records: 1, truncated: false };
            case 'conflict':
              return { status: 'conflict' };
            case 'rejected':
              throw new Refusal('ehr.rejected', 'The EHR rejected the change.');
          }
        }),
      ),

    readBack: (admission, warrant) =>
      onLog(
        admission,
        warrant,
        readBacks,
        beating(async (signal) => {
          const opened = await openReadBack(deps, admission, warrant);
          if (opened.status !== 'open') return opened;
          const reader = target(admission, opened, signal);
          const found = await lookBack(reader, opened.order).catch(notSaid);
          if (found.status === 'not_said') await recordRefusal(deps, admission, { warrant, step: readBacks, ...found });
          return closeReadBack(deps, admission, opened, {
            found: found.status === 'not_said' ? undefined : found,
            bytes: reader.bytes(),
          });
        }),
      ),

    recheck: (admission, warrant) =>
      onLog(
        admission,
        warrant,
        rechecks,
        beating(async (signal) => {
          const opened = await openRecheck(deps, admission, warrant);
          if (opened.status !== 'open') return opened;
          const reader = target(admission, opened, signal);
          const read = await reader.versions().catch(noneThere).catch(notSaid);
          if ('status' in read) await recordRefusal(deps, admission, { warrant, step: rechecks, ...read });
          const versions = 'status' in read ? undefined : read;
          return closeRecheck(deps, admission, opened, { versions, bytes: reader.bytes() });
        }),
      ),
  };
}

/** In the log's keys, each warrant of which is of one round, or of one look. */
const readBacks = step('read_back');
const rechecks = step('recheck');

/** The stored counts of a use that an earlier attempt ended: the EHR is not asked again. */
function asPerformed({ status, records, truncated, findings }: Ended): Performed {
  return status === 'done' ? { status: 'performed', records, truncated } : { status, findings };
}

/**
 * A change that does not fit what is there is no failure: the agent hears why. The use stays open, so that a repetition
 * reads again and finds the reason again.
 */
function asRefused(error: unknown): Extract<Prepared, { status: 'refused' }> {
  if (!(error instanceof Refusal) || !error.code.startsWith('write.')) throw error;
  return { status: 'refused', rules: [error.code] };
}

/** An EHR that gives no answer, or a wrong one, settles nothing; a warrant that does not hold is another matter. */
function notSaid(error: unknown): { readonly status: 'not_said'; readonly code: RefusalCode } {
  if (!(error instanceof Refusal) || !error.code.startsWith('ehr.')) throw error;
  return { status: 'not_said', code: error.code };
}

/** An EHR that has no such resource has no version of it. */
function noneThere(error: unknown): readonly Resource[] {
  const status = error instanceof Refusal ? error.details['status'] : undefined;
  if (status !== 404 && status !== 410) throw error;
  return [];
}
