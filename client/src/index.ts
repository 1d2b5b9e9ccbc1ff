export { Countersign, type CountersignOptions, type RunOptions } from './countersign.js';
export { CountersignProblem } from './problem.js';
export type { ActionRequest } from './request.js';
export type {
  ActionPreview,
  ActionResult,
  ActionView,
  Evidence,
  EvidenceBundle,
  Factor,
  FinalResult,
  Needs,
  Output,
  PendingResult,
  Tier,
  UnknownResult,
} from './result.js';
