/** The shapes of answers, for OpenAPI and for the compiler; the contract for agents is the client package. */
import { z } from '@hono/zod-openapi';
import { statusSchema, tierSchema } from '../action/types.js';

export const problemSchema = z
  .looseObject({
    type: z.literal('about:blank'),
    status: z.int(),
    code: z.string().openapi({ description: 'From a closed set, for example `request.invalid`.' }),
    title: z.string(),
  })
  .openapi('Problem');

const instant = z.iso.datetime();

export const factorViewSchema = z.object({
  role: z.string(),
  count: z.int(),
  or: z.array(z.string()).optional().openapi({ description: 'Roles that fill it as well.' }),
  order: z
    .literal(true)
    .optional()
    .openapi({ description: 'The signature of whoever orders the change; the principal may give it.' }),
});

const needsViewSchema = z
  .union([
    z.object({ status: z.literal('nobody') }),
    z.object({ status: z.literal('quorum'), factors: z.array(factorViewSchema) }),
  ])
  .openapi('Needs');

export const actionViewSchema = z
  .object({
    id: z.string(),
    type: z.string(),
    status: statusSchema,
    tier: tierSchema.nullable(),
    needs: needsViewSchema.nullable(),
    agent: z.string(),
    purpose: z.string(),
    elements: z.array(z.string()),
    createdAt: instant,
    deadline: instant.nullable(),
    concludedAt: instant.nullable(),
    releasableUntil: instant.nullable(),
    retention: z.object({ class: z.string(), date: z.iso.date() }).nullable(),
  })
  .openapi('ActionView');

export const actionId = z
  .string()
  .openapi({ param: { name: 'id', in: 'path' }, description: '26 characters of lower-case base32.' });

const output = z.object({
  elements: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  truncated: z.boolean(),
});

export const finalResultSchema = z
  .discriminatedUnion('status', [
    z.object({
      status: z.literal('completed'),
      output,
      modified: z.array(z.object({ reference: z.string(), version: z.string() })),
      evidence: z.object({ warrant: z.string(), leaf: z.int() }),
    }),
    z.object({ status: z.literal('denied'), reason: z.string() }),
    z.object({ status: z.literal('expired') }),
    z.object({ status: z.literal('cancelled') }),
    z.object({ status: z.literal('refused'), rules: z.array(z.string()) }),
    z.object({ status: z.literal('withheld'), findings: z.int() }),
    z.object({ status: z.literal('failed'), code: z.string() }),
  ])
  .openapi('FinalResult');
