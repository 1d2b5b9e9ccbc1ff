/** Tells an outage from a defect: the database or Temporal does not answer, and a repetition may find it up again. */

/** Node's socket errors; PostgreSQL's classes 08 (connection), 53 (resources), 57P (shutdown) and 55P03, 40001, 40P01. */
const socket = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;
const postgres = /^(08\w{3}|53\w{3}|57P0\w|57014|25P03|55P03|40001|40P01)$/;
/** gRPC: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, UNAVAILABLE. */
const grpc: ReadonlySet<unknown> = new Set([4, 8, 10, 14]);
/** What `pg` says without a code when a connection was lost or could not be had in time. */
const lost = /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/;

export function isOutage(error: unknown): boolean {
  for (let each = error, depth = 0; typeof each === 'object' && each !== null && depth < 4; depth++) {
    const { code, message, cause }: { code?: unknown; message?: unknown; cause?: unknown } = each;
    if (typeof code === 'string' && (socket.test(code) || postgres.test(code))) return true;
    if (typeof code === 'number' && grpc.has(code)) return true;
    if (typeof message === 'string' && lost.test(message)) return true;
    each = cause;
  }
  return false;
}

/** The code that a worker gave as the type of its failure, however deep Temporal wrapped it. */
export function failureCode(error: unknown): string | undefined {
  let code: string | undefined;
  for (let each = error, depth = 0; typeof each === 'object' && each !== null && depth < 6; depth++) {
    const { type, cause }: { type?: unknown; cause?: unknown } = each;
    if (typeof type === 'string') code = type;
    each = cause;
  }
  return code;
}
