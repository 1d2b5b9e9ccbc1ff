/** Whether a version of a resource is what an action wrote, and whether it says what people approved. */
import { z } from 'zod';
import type { ActionId } from '../action/ids.js';
import type { Resource } from './bundle.js';
import { clinicalText, type Proposal } from './proposal.js';
import { actionTag, actionTagSystem, aiLabel } from './transaction.js';

const coding = z.looseObject({ system: z.string().optional(), code: z.string().optional() });
const metaSchema = z.looseObject({ security: z.array(coding).default([]), tag: z.array(coding).default([]) });

/**
 * Whether it carries the tag of this action. Servers may carry tags on to later versions, so that the oldest one that has
 * it is the action's own.
 */
export function isTagged({ meta }: Resource, action: ActionId): boolean {
  return has(metaSchema.safeParse(meta).data?.tag, actionTag(action));
}

/** Every action that a tag of ours names on it; whether there ever was such an action is not judged here. */
export function actionsOf({ meta }: Resource): readonly string[] {
  const tags = metaSchema.safeParse(meta).data?.tag ?? [];
  return tags.flatMap(({ system, code }) => (system === actionTagSystem ? [code ?? ''] : []));
}

/** The approved content and the label that says an AI made it; the rest of `meta` is the server's. */
export function isAsApproved(resource: Resource, proposal: Proposal): boolean {
  return hasContentOf(resource, proposal) && has(metaSchema.safeParse(resource.meta).data?.security, aiLabel);
}

/** Byte for byte in canonical JSON. */
export function hasContentOf(resource: Resource, proposal: Proposal): boolean {
  return clinicalText(resource) === clinicalText(proposal.resource);
}

interface Coding {
  readonly system?: string | undefined;
  readonly code?: string | undefined;
}

function has(codings: readonly Coding[] = [], { system, code }: Coding): boolean {
  return codings.some((each) => each.system === system && each.code === code);
}
