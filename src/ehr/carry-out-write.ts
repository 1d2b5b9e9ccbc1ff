/**
 * One attempt of a write. It looks first where an earlier attempt may have sent something, waits until the attempt is
 * under a signed checkpoint, sends one transaction that holds only on the approved base, and reads back what is there.
 */
import type { ActionId, Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { checkTargetCall } from '../warrant/check-target.js';
import { isAsApproved, isTagged } from './as-approved.js';
import type { FhirGateway } from './fhir.gateway.js';
import { lookBack, writtenOtherwise, type Found } from './look-back.js';
import type { Proposal } from './proposal.js';
import { callAbout, targetReader, type TargetOrder, type TargetReader } from './read-target.js';
import { sendOutcome } from './send-outcome.js';
import { writtenVersion } from './transaction-answer.js';

export interface WriteDeps {
  readonly fhir: FhirGateway;
  /** Throws the Refusal of a warrant that no longer holds, or of an attempt that a later one overtook. */
  readonly check: () => Promise<void>;
  /** Resolves once a signed checkpoint covers this attempt. @throws Refusal `checkpoint.not_yet`. */
  readonly covered: () => Promise<void>;
  /** From here on something may have been sent: milliseconds that the database leaves to this attempt. Once an attempt. */
  readonly sending: () => Promise<number>;
  /** Milliseconds of a clock that never goes back; only differences count. */
  readonly monotonic: () => number;
  /** The workflow gave up. Heard until something is sent, and not after. */
  readonly signal: AbortSignal;
}

export interface WriteOrder extends TargetOrder {
  readonly action: ActionId;
  readonly performs: 'ehr.write' | 'ehr.delete';
  readonly proposal: Proposal;
  /** Of the proposal. */
  readonly commitment: Digest;
  /** The Bundle to send. */
  readonly transaction: unknown;
  /** An earlier attempt may have sent something. */
  readonly lookFirst: boolean;
  /** Instant of the monotonic clock after which nothing is sent and nothing is waited for. */
  readonly until: number;
}

export type WriteEnd =
  | { readonly status: 'done'; readonly version: string }
  | { readonly status: 'conflict' }
  /** `error` is the caller's to throw, once the use is closed as this says. */
  | { readonly status: 'rejected' | 'open' | 'unknown'; readonly error: unknown };

export interface CarriedOut {
  readonly end: WriteEnd;
  /** Bytes that came over the wire, decoded. */
  readonly bytes: number;
}

export async function carryOutWrite(deps: WriteDeps, order: WriteOrder): Promise<CarriedOut> {
  const before = targetReader(deps, order);
  const known = await beforeSending(deps, order, before);
  if (known) return { end: known, bytes: before.bytes() };
  const sent = await send(deps, { ...order, bytesLeft: order.bytesLeft - before.bytes() });
  if (sent.status === 'ended') return { end: sent.end, bytes: before.bytes() };
  const taken = before.bytes() + sent.bytes;
  const signal = patience(deps, order);
  const after = targetReader({ ...deps, signal }, { ...order, bytesLeft: order.bytesLeft - taken });
  const end = await confirm(after, order, sent.version).catch((error: unknown) =>
    unknown(signal.aborted ? unavailable() : error),
  );
  return { end, bytes: taken + after.bytes() };
}

/** Undefined when there is something to send and it may be sent. Nothing was sent by this attempt so far. */
async function beforeSending(
  { covered }: WriteDeps,
  order: WriteOrder,
  reader: TargetReader,
): Promise<WriteEnd | undefined> {
  try {
    const found = order.lookFirst ? await lookBack(reader, order) : undefined;
    if (found && found.status !== 'base') return endOf(found);
    await covered();
    return undefined;
  } catch (error) {
    const otherwise = error instanceof Refusal && error.code === 'ehr.written_otherwise';
    return { status: otherwise ? 'unknown' : 'open', error };
  }
}

type Sent =
  | { readonly status: 'ended'; readonly end: WriteEnd }
  /** Something is, or should be, there. `version` as the EHR said, if it said so plainly. */
  | { readonly status: 'look'; readonly version: string | undefined; readonly bytes: number };

async function send(deps: WriteDeps, order: WriteOrder): Promise<Sent> {
  const { fhir, signal } = deps;
  const ended = (end: WriteEnd): Sent => ({ status: 'ended', end });
  const gate = sendingGate(deps, order);
  try {
    const call = {
      ...callAbout(order, 0),
      action: order.performs,
      interaction: 'update',
      args: order.commitment,
    } as const;
    checkTargetCall(order.leave, order.target, call);
    const { requestId } = order;
    const answer = await fhir.transact(call, order.transaction, { requestId, signal, ...gate });
    return { status: 'look', version: writtenVersion(answer.body, order.proposal), bytes: answer.bytes };
  } catch (error) {
    if (!gate.left()) return ended({ status: 'open', error });
    switch (sendOutcome(error)) {
      case 'precondition':
        return { status: 'look', version: undefined, bytes: 0 };
      case 'busy':
        return ended({ status: 'open', error });
      case 'rejected':
        // What an earlier attempt sent may still take effect: then no answer to this one ends the use.
        return ended(order.lookFirst ? unknown(error) : { status: 'rejected', error: rejected() });
      case 'unknown':
        return ended(unknown(error instanceof Refusal ? unavailable() : error));
    }
  }
}

/**
 * The last questions before a request leaves. Waiting for a token or for the database, or being stopped and woken up, may
 * have taken longer than the lease: then nothing leaves.
 */
function sendingGate({ sending, check, monotonic, signal }: WriteDeps, { until }: WriteOrder) {
  let [deadline, asked, left] = [until, false, false];
  return {
    async mayLeave(): Promise<void> {
      left = false; // the EHR took nothing of what left before, or this would not be asked
      if (asked) return check();
      asked = true;
      const began = monotonic();
      deadline = Math.min(until, began + (await sending()));
      signal.throwIfAborted();
    },
    timeLeft(): number {
      const rest = Math.floor(deadline - monotonic());
      if (rest <= 0) throw new Refusal('warrant.lease_over', 'The time of this attempt is over; nothing was sent.');
      left = true;
      return rest;
    },
    /** Whether something may be on its way. */
    left: () => left,
  };
}

/**
 * The version that the EHR named, if it is ours; else whatever carries our tag. After a failed precondition, or an answer
 * that only says that it was done, the approved base may still be there: then a later attempt tries again.
 */
async function confirm(reader: TargetReader, order: WriteOrder, version: string | undefined): Promise<WriteEnd> {
  const named = version === undefined ? undefined : await reader.version(version).catch(ifThere);
  if (version !== undefined && named && isTagged(named, order.action)) {
    if (!isAsApproved(named, order.proposal)) throw writtenOtherwise();
    return { status: 'done', version };
  }
  const found = await lookBack(reader, order);
  return found.status === 'base' ? unknown(unavailable()) : endOf(found);
}

/** An EHR may name a version that it does not have, or give none by its number: then the tag tells. */
function ifThere(error: unknown): undefined {
  if (!(error instanceof Refusal) || error.code !== 'ehr.rejected') throw error;
}

function endOf(found: Exclude<Found, { status: 'base' }>): WriteEnd {
  return found.status === 'written' ? { status: 'done', version: found.version } : { status: 'conflict' };
}

/** Reading back takes what is left of the attempt's time, whatever the workflow wants by now. */
function patience({ monotonic }: WriteDeps, { until }: WriteOrder): AbortSignal {
  return AbortSignal.timeout(Math.max(0, Math.floor(until - monotonic())));
}

function unknown(error: unknown): WriteEnd {
  return { status: 'unknown', error };
}

function unavailable(): Refusal {
  return new Refusal('ehr.unavailable', 'Whether the EHR made the change is not known.');
}

function rejected(): Refusal {
  return new Refusal('ehr.rejected', 'The EHR rejected the change.');
}
