import type { Description } from './define-action.js';
import type { ShownChange } from '../ehr/shown-change.js';
import type { SealedRequest } from './request.js';

/** What an approver is shown, whole: the decision binds a commitment over the canonical JSON of this. */
export interface Shown extends Description {
  readonly type: string;
  readonly elements: readonly string[];
  readonly input: Readonly<Record<string, unknown>>;
  readonly purpose: string;
  readonly reason: string | null;
  readonly justifications: Readonly<Record<string, string>>;
  readonly riskAssessment: string | null;
  readonly agent: string;
  readonly principal: string;
  /** Field by field, what would be written; absent where nothing would. */
  readonly change?: ShownChange;
}

/** A function of the sealed request and proposal alone, so that the gateway can make the shown text again and compare. */
export function shownText(
  request: SealedRequest,
  describe: (elements: readonly string[]) => Description,
  change?: ShownChange,
): Shown {
  const { title, effects } = describe(request.elements);
  return {
    title,
    effects,
    type: request.type,
    elements: request.elements,
    input: request.input,
    purpose: request.purpose,
    reason: request.reason ?? null,
    justifications: request.justifications ?? {},
    riskAssessment: request.riskAssessment ?? null,
    agent: request.agent,
    principal: request.principal,
    ...(change && { change }),
  };
}
