/** The steps of an action's workflow that ask the EHR. A warrant names the one that may use it. */
import { step, type StepName } from '../action/ids.js';

export const relateStep = step('relate');
export const prepareStep = step('prepare');
export const performStep = step('perform');

/** The `round`th time that the EHR is asked what became of a write. */
export function readBackStep(round: number): StepName {
  return step(`read_back_${round}`);
}

export function isReadBackStep(name: StepName): boolean {
  return /^read_back_[0-9]+$/.test(name);
}

/** The `look`th time that the EHR is asked, after the action has ended, what it holds of its write. */
export function recheckStep(look: number): StepName {
  return step(`recheck_${look}`);
}

export function isRecheckStep(name: StepName): boolean {
  return /^recheck_[0-9]+$/.test(name);
}
