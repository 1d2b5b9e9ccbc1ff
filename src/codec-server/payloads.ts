/** The body of a decode request and of its answer: proto3 JSON of temporal.api.common.v1.Payloads. */
import { z } from 'zod';
import type { Payload } from '@temporalio/common';
import { actionSchema, type ActionId, type TenantId } from '../action/ids.js';

/** Payloads in one request; the Temporal UI sends them one by one. */
export const maxPayloads = 256;
/** Bytes of one request. */
export const maxBody = 4 * 1024 * 1024;

const bytes = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));
const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
const payloadSchema = z.object({ metadata: z.record(z.string(), bytes).default({}), data: bytes.optional() });
const payloadsSchema = z.object({ payloads: z.array(payloadSchema).min(1).max(maxPayloads) });

/** Undefined for what is no such request, and for too many payloads. */
export function payloadsOf(body: unknown): readonly Payload[] | undefined {
  const parsed = payloadsSchema.safeParse(body);
  return parsed.success
    ? parsed.data.payloads.map(({ metadata, data }) => ({ metadata, data: data ?? null }))
    : undefined;
}

export function jsonOf(payloads: readonly Payload[]): object {
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
      data: base64(data ?? new Uint8Array()),
    })),
  };
}

/** What a payload says it is encrypted for: an action of this tenant, or the tenant's other workflows. */
export type Subject = { readonly kind: 'action'; readonly action: ActionId } | { readonly kind: 'system' };

/** Undefined for a payload that names no key of this tenant: there is nothing in it that we could decode. */
export function subjectOf({ metadata }: Payload, tenant: TenantId): Subject | undefined {
  const [kind, of, name, ...more] = new TextDecoder().decode(metadata?.['key'] ?? new Uint8Array()).split('/');
  if (of !== tenant || more.length > 0) return undefined;
  if (kind === 'system' && name === undefined) return { kind: 'system' };
  const action = actionSchema.safeParse(name);
  return kind === 'action' && action.success ? { kind: 'action', action: action.data } : undefined;
}
