/** Reads the one resource that a write changes: as it is, as it was, and all its versions. */
import { Refusal } from '../action/refusal.js';
import { checkTargetCall, type Target, type TargetCall } from '../warrant/check-target.js';
import type { Leave } from '../warrant/leave.js';
import { acceptTarget } from './accept-target.js';
import type { Resource } from './bundle.js';
import type { FhirGateway } from './fhir.gateway.js';

export interface TargetDeps {
  readonly fhir: FhirGateway;
  /** Asked before every request; throws the Refusal of a warrant that no longer holds. */
  readonly check: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** What all calls about one target have in common. */
export interface TargetOrder {
  readonly leave: Leave;
  readonly target: Target;
  /** Elements of the request to which the target's type belongs. */
  readonly elements: readonly string[];
  readonly subject: Pick<TargetCall, 'patient' | 'episode'>;
  /** What the database says is left of the warrant. */
  readonly bytesLeft: number;
  readonly requestId: string;
}

export interface TargetReader {
  now(): Promise<Resource>;
  version(id: string): Promise<Resource>;
  /** Every one, newest first. */
  versions(): Promise<readonly Resource[]>;
  /** Bytes that came so far. */
  bytes(): number;
}

/** One resource or page is held in memory whole; what is larger than this is no record. */
const largestAnswer = 16 * 1024 * 1024;
/** A history that takes more pages than this is not read to its end, and then nothing is concluded from it. */
const mostPages = 20;

/** Every request passes the closed-world check and then the database's; every answer is judged before the next. */
export function targetReader({ fhir, check, signal }: TargetDeps, order: TargetOrder): TargetReader {
  let bytes = 0;
  const request = { requestId: order.requestId, signal };

  async function allowed<Call extends TargetCall>(call: Call): Promise<Call> {
    checkTargetCall(order.leave, order.target, call);
    signal.throwIfAborted();
    await check();
    return call;
  }

  async function one(call: Extract<TargetCall, { interaction: 'read' | 'vread' }>): Promise<Resource> {
    const answer = await fhir.read(await allowed(call), request);
    bytes += answer.bytes;
    return acceptTarget(answer.resource, call);
  }

  return {
    now: () => one({ ...callAbout(order, bytes), action: 'ehr.read', interaction: 'read' }),
    version: (version) => one({ ...callAbout(order, bytes), action: 'ehr.read', interaction: 'vread', version }),
    async versions() {
      const found: Resource[] = [];
      let page: string | undefined;
      for (let pages = 0; pages < mostPages; pages++) {
        const call = { ...callAbout(order, bytes), action: 'ehr.read', interaction: 'history' } as const;
        const answer = await fhir.history(await allowed(call), { ...request, page });
        bytes += answer.bytes;
        found.push(...answer.resources.map((resource) => acceptTarget(resource, call)));
        if (answer.next === undefined) return found;
        page = answer.next;
      }
      throw new Refusal('ehr.endless_paging', 'The EHR’s history of one resource does not come to an end.');
    },
    bytes: () => bytes,
  };
}

/** The part of every call that names what it is about. */
export function callAbout({ leave, target, elements, subject, bytesLeft }: TargetOrder, taken: number) {
  const bytes = Math.min(bytesLeft - taken, leave.maxBytes, largestAnswer);
  return { location: leave.location, ...target, elements: [...elements], ...subject, bytes };
}
