/** From sockets and back: bodies within a limit, answers, and the faults that happen on the wire. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Answer } from './answer.js';
import type { Fault } from './faults.js';
import { FhirError } from './resource.js';

/** Bytes of a request's body. */
const largestBody = 1_000_000;
/** Bytes that are still taken in and thrown away, so that the client hears why instead of losing its connection. */
const largestHeard = 64_000_000;

/** @throws FhirError 413 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > largestHeard) break;
    if (bytes <= largestBody) chunks.push(buffer);
  }
  if (bytes > largestBody) throw new FhirError(413, 'too-costly', 'the body is too large');
  return Buffer.concat(chunks).toString('utf8');
}

export function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Sends the answer as this fault leaves it: cut off, swollen or garbled. */
export async function sendWith(fault: Fault | undefined, response: ServerResponse, answer: Answer): Promise<void> {
  switch (fault?.kind) {
    case 'drop':
      response.socket?.destroy();
      return;
    case 'huge':
      await sendPadded(response, answer, fault.bytes);
      return;
    case 'not_json':
      response.writeHead(200, { 'content-type': 'application/fhir+json; charset=utf-8' });
      response.end('<!doctype html><title>Please sign in</title>');
      return;
    default:
      send(response, answer);
  }
}

/** JSON may end in blanks, so the answer stays valid however large it gets; it is never held as a whole. */
async function sendPadded(response: ServerResponse, { status, headers, body }: Answer, bytes: number): Promise<void> {
  response.writeHead(status, headers);
  await pipeline(Readable.from(padded(JSON.stringify(body), bytes)), response);
}

function* padded(text: string, bytes: number): Generator<Buffer> {
  const start = Buffer.from(text);
  yield start;
  const block = Buffer.alloc(64 * 1024, ' ');
  for (let left = bytes - start.length; left > 0; left -= block.length) yield block.subarray(0, left);
}
