/** Reads what a warrant names, page by page, and stops where its limits do. */
import { Refusal } from '../action/refusal.js';
import { checkCall, type EhrCall } from '../warrant/check.js';
import type { Leave } from '../warrant/leave.js';
import { acceptPage } from './accept.js';
import { proofFields } from './belongs.js';
import type { Resource } from './bundle.js';
import type { FetchedPage, FhirGateway } from './fhir.gateway.js';
import { planReads, type PlannedSearch } from './plan.js';
import { project } from './project.js';
import type { ElementReading } from './reading.js';

export interface ReadDeps {
  readonly fhir: FhirGateway;
  /** Asked before every request; throws the Refusal of a warrant that no longer holds. */
  readonly check: () => Promise<void>;
  /** Waits so many milliseconds, or rejects when `signal` aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface ReadOrder {
  readonly leave: Leave;
  /** The readings of the pinned rulebook, by name. */
  readonly elements: ReadonlyMap<string, ElementReading>;
  readonly subject: Pick<EhrCall, 'patient' | 'episode'>;
  /** What the database says is left of the warrant. */
  readonly recordsLeft: number;
  readonly bytesLeft: number;
  readonly requestId: string;
}

export interface ReadResult {
  /** Element → projected resources, in the order in which they came. */
  readonly elements: Readonly<Record<string, readonly Record<string, unknown>[]>>;
  /** The same resources as they came, for the scan: what they say about people is what it looks for. Never stored. */
  readonly raw: readonly Resource[];
  readonly records: number;
  /** Bytes that came over the wire, decoded. */
  readonly bytes: number;
  /** True when there was more than the warrant or an element allows. */
  readonly truncated: boolean;
}

const largestPage = 100;
/** One answer is held in memory whole; what is larger than this is no page of a record. */
const largestAnswer = 16 * 1024 * 1024;
/** How often, and how long at most, one attempt waits for an EHR that asks it to come back later. */
const busyTries = 3;
const busyWaitMs = 15_000;

/**
 * Every request passes the closed-world check and then the database's; every answer is judged before the next request.
 *
 * @throws Refusal of the warrant or of the EHR's answer. Nothing that came before it is given out.
 */
export async function readElements(deps: ReadDeps, order: ReadOrder): Promise<ReadResult> {
  const budget = {
    records: Math.min(order.recordsLeft, order.leave.maxRecords),
    bytes: Math.min(order.bytesLeft, order.leave.maxBytes),
  };
  const elements = new Map<string, Record<string, unknown>[]>();
  const raw: Resource[] = [];
  let [bytes, truncated] = [0, false];
  for (const search of planReads(order.leave.elements, order.elements, order.subject, order.leave.since)) {
    const before = elements.get(search.element) ?? [];
    const left = {
      records: Math.min(budget.records - raw.length, search.reading.maxRecords - before.length),
      bytes: budget.bytes - bytes,
    };
    const read = await readSearch(deps, order, search, left);
    elements.set(search.element, [...before, ...read.resources.map((each) => project(each, search.reading.fields))]);
    raw.push(...read.resources);
    bytes += read.bytes;
    truncated ||= read.truncated;
  }
  return { elements: Object.fromEntries(elements), raw, records: raw.length, bytes, truncated };
}

interface Left {
  readonly records: number;
  readonly bytes: number;
}

async function readSearch(deps: ReadDeps, order: ReadOrder, search: PlannedSearch, left: Left) {
  const { reading } = search;
  const found = new Map<string, Resource>();
  let bytes = 0;
  let page: string | undefined;
  do {
    const room = left.records - found.size;
    if (room < 1) return { resources: [...found.values()], bytes, truncated: true };
    const call = checkCall(order.leave, order.elements, {
      action: 'ehr.read',
      method: 'GET',
      location: order.leave.location,
      type: search.type,
      element: search.element,
      patient: order.subject.patient,
      episode: order.subject.episode,
      args: search.args,
      count: Math.min(room, largestPage),
      bytes: Math.min(left.bytes - bytes, largestAnswer),
    });
    const answer = await ask(deps, order, call, search, page);
    bytes += answer.bytes;
    acceptPage(answer.resources, call, reading, search.bound);
    const known = found.size;
    for (const resource of answer.resources) {
      // A page may repeat what an earlier one had when the record changes meanwhile; it counts once.
      if (found.has(resource.id)) continue;
      if (found.size === left.records) return { resources: [...found.values()], bytes, truncated: true };
      found.set(resource.id, resource);
    }
    if (answer.next !== undefined && found.size === known)
      throw new Refusal('ehr.endless_paging', 'The EHR goes on to a next page without bringing anything new.');
    page = answer.next;
  } while (page !== undefined);
  return { resources: [...found.values()], bytes, truncated: false };
}

async function ask(
  { fhir, check, pause, signal }: ReadDeps,
  { leave, requestId }: ReadOrder,
  call: EhrCall,
  { reading, bound }: PlannedSearch,
  page: string | undefined,
): Promise<FetchedPage> {
  const fields = [
    'meta',
    ...proofFields(call.type, reading),
    ...('status' in call.args ? ['status'] : []),
    ...(bound?.fields ?? []),
    ...reading.fields,
  ];
  const { scopes } = reading;
  if (!scopes.every((scope) => leave.scopes.includes(scope)))
    throw new Refusal('warrant.other_element', 'The warrant lacks a scope that the element needs.');
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    await check();
    try {
      return await fhir.search(call, { scopes, fields, page, requestId, signal });
    } catch (error) {
      const wait =
        error instanceof Refusal && error.code === 'ehr.busy' ? Number(error.details['retryAfter']) * 1000 : NaN;
      if (!(wait <= busyWaitMs) || tries === busyTries) throw error;
      await pause(wait, signal); // the check that follows notices a warrant that ran out meanwhile
    }
  }
}
