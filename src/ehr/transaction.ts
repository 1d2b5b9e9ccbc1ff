/** The one transaction that a write is: the new version and its Provenance, both or neither (FHIR R4 §3.1.0.11). */
import { z } from 'zod';
import type { ActionId, AgentId, PersonId, RoleName, TenantId, WarrantId } from '../action/ids.js';
import type { Proposal } from './proposal.js';

/** `meta.tag` of whatever an action wrote; by it a write is found again. */
export const actionTagSystem = 'https://countersign.dev/action';

/** FHIR R4 `v3-ObservationValue`: asserted by artificial intelligence. */
export const aiLabel = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'AIAST' } as const;

export interface Approver {
  readonly person: PersonId;
  /** `Practitioner/<id>` in the directory. */
  readonly practitioner: string | undefined;
  readonly roles: readonly RoleName[];
}

/** Who stands behind a write, as its Provenance tells it. */
export interface Authorship {
  readonly tenant: TenantId;
  readonly action: ActionId;
  readonly warrant: WarrantId;
  readonly agent: { readonly id: AgentId; readonly version: string };
  /** `Practitioner/<id>` that the agent acts for. */
  readonly onBehalfOf: string | undefined;
  readonly approvers: readonly Approver[];
  /** HL7 v3 PurposeOfUse. */
  readonly purpose: string;
  /** By the database's clock. */
  readonly recorded: Date;
}

/** The Bundle for `proposal`, to be sent to the FHIR base URL `base`. */
export function transactionOf(proposal: Proposal, by: Authorship, base: string) {
  const { target, resource } = proposal;
  const url = `${target.type}/${target.id}`;
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: `${base}/${url}`,
        resource: { ...resource, meta: labelled(resource['meta'], by.action) },
        request: { method: 'PUT', url, ifMatch: `W/"${proposal.base}"` },
      },
      {
        // Without a fullUrl: a server replaces every `uri` that equals one by the new address (FHIR R4 §3.1.0.11.2).
        resource: provenanceOf(proposal, by),
        request: { method: 'POST', url: 'Provenance' },
      },
    ],
  };
}

const coding = z.looseObject({ system: z.string().optional(), code: z.string().optional() });
const metaSchema = z.looseObject({ security: z.array(coding).default([]), tag: z.array(coding).default([]) });

/**
 * Adds label and tag. What a roll-back brings back is written by the agent all the same, so the label stays. Tags of
 * earlier actions go, so that each version carries the one action that made it.
 */
function labelled(meta: unknown, action: ActionId) {
  const { security, tag, ...rest } = metaSchema.parse(meta ?? {});
  return {
    ...rest,
    security: [...security.filter(({ system, code }) => system !== aiLabel.system || code !== aiLabel.code), aiLabel],
    tag: [...tag.filter(({ system }) => system !== actionTagSystem), actionTag(action)],
  };
}

export function actionTag(action: ActionId) {
  return { system: actionTagSystem, code: action };
}

/**
 * The version that was replaced is named exactly (`entity.what`), and so is the one that was restored; the new one by the
 * resource and the tag that both carry, because its number is the server's to give.
 */
function provenanceOf({ action: type, target, base, restores }: Proposal, by: Authorship) {
  const reference = `${target.type}/${target.id}`;
  const version = (role: 'revision' | 'source', id: string) => ({
    role,
    what: { reference: `${reference}/_history/${id}` },
  });
  return {
    resourceType: 'Provenance',
    meta: { security: [aiLabel], tag: [actionTag(by.action)] },
    contained: [
      {
        resourceType: 'Device',
        id: 'agent',
        identifier: [{ system: `urn:countersign:${by.tenant}:agent`, value: by.agent.id }],
        deviceName: [{ name: by.agent.id, type: 'user-friendly-name' }],
        version: [{ value: by.agent.version }],
      },
    ],
    target: [{ reference }],
    recorded: by.recorded.toISOString(),
    policy: [`urn:uuid:${by.warrant}`],
    reason: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: by.purpose }] }],
    activity: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation',
          code: type === 'record.delete' ? 'NULLIFY' : 'UPDATE',
        },
      ],
    },
    agent: [
      {
        type: participation('author'),
        who: { reference: '#agent' },
        ...(by.onBehalfOf !== undefined && { onBehalfOf: { reference: by.onBehalfOf } }),
      },
      ...by.approvers.map(({ person, practitioner, roles }) => ({
        type: participation('verifier'),
        ...(roles.length > 0 && {
          role: roles.map((role) => ({ coding: [{ system: `urn:countersign:${by.tenant}:role`, code: role }] })),
        }),
        who: {
          ...(practitioner !== undefined && { reference: practitioner }),
          identifier: { system: `urn:countersign:${by.tenant}:person`, value: person },
        },
      })),
    ],
    entity: [version('revision', base), ...(restores ? [version('source', restores.version)] : [])],
  };
}

function participation(code: 'author' | 'verifier') {
  return {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code }],
  };
}
