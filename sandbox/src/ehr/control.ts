/** Routes for tests and the demo, apart from FHIR and never in the request log. They exist only with a control token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { jsonAnswer, type Answer } from './answer.js';
import type { DemoPatient } from './demo-patients.js';
import type { Edit } from './edit.js';
import { faultSwitchSchema, type Faults } from './faults.js';
import type { RequestLog } from './request-log.js';
import { FhirError, type StoredResource } from './resource.js';

export const controlPrefix = '/$sandbox/';
export const controlHeader = 'x-sandbox-control';

export interface Controls {
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly demoPatients: () => readonly DemoPatient[];
  readonly edit: (reference: string, elements: Edit) => StoredResource;
  readonly versions: (reference: string) => readonly StoredResource[];
  readonly token: string | undefined;
}

export interface ControlCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  readonly body: string;
}

/**
 * | route | does |
 * |---|---|
 * | GET requests[?kind=] | the request log |
 * | DELETE requests | forgets it |
 * | GET faults | `{held}`: how many requests are being held |
 * | POST faults | adds a switch |
 * | POST faults/release | lets go of what is held |
 * | DELETE faults | removes every switch, lets go of what is held |
 * | POST edit | `{reference, elements}`: somebody else changes a resource; answers `{reference, versionId}` |
 * | GET versions?reference= | every version of `Type/id`, oldest first |
 * | GET demo | the patients to show |
 */
export function control(controls: Controls, call: ControlCall): Answer {
  if (controls.token === undefined) return jsonAnswer(404, { error: 'not_found' });
  if (!sameSecret(controls.token, call.token ?? '')) return jsonAnswer(403, { error: 'control_token' });
  const done: Answer = { status: 204 };
  switch (`${call.method} ${call.path.slice(controlPrefix.length)}`) {
    case 'GET requests': {
      const kind = z.enum(['fhir', 'token', 'discovery']).nullable().safeParse(call.query.get('kind'));
      return kind.success ? jsonAnswer(200, controls.log.list(kind.data ?? undefined)) : badRequest();
    }
    case 'DELETE requests':
      controls.log.clear();
      return done;
    case 'GET faults':
      return jsonAnswer(200, { held: controls.faults.held });
    case 'POST faults': {
      const rule = faultSwitchSchema.safeParse(parsedJson(call.body));
      if (!rule.success) return badRequest();
      controls.faults.set(rule.data);
      return done;
    }
    case 'POST faults/release':
      controls.faults.release();
      return done;
    case 'DELETE faults':
      controls.faults.clear();
      return done;
    case 'POST edit':
      return edited(controls, call.body);
    case 'GET versions': {
      const reference = call.query.get('reference');
      return reference === null ? badRequest() : answerOf(() => controls.versions(reference));
    }
    case 'GET demo':
      return jsonAnswer(200, controls.demoPatients());
    default:
      return jsonAnswer(404, { error: 'not_found' });
  }
}

const editBody = z.strictObject({ reference: z.string(), elements: z.record(z.string(), z.unknown()) });

function edited({ edit }: Controls, body: string): Answer {
  const wanted = editBody.safeParse(parsedJson(body));
  if (!wanted.success) return badRequest();
  const { reference, elements } = wanted.data;
  return answerOf(() => ({ reference, versionId: edit(reference, elements).meta.versionId }));
}

function answerOf(work: () => unknown): Answer {
  try {
    return jsonAnswer(200, work());
  } catch (error) {
    if (error instanceof FhirError) return jsonAnswer(error.status, { error: error.code });
    throw error;
  }
}

function badRequest(): Answer {
  return jsonAnswer(400, { error: 'bad_request' });
}

/** undefined for what is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function sameSecret(expected: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(given));
}
