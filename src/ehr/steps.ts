/** The steps of an action's workflow that ask the EHR. A warrant names the one that may use it. */
import { step } from '../action/ids.js';

export const relateStep = step('relate');
export const performStep = step('perform');
