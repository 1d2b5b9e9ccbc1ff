/** Whom an action asks, as people write it: one text a seat. */
import { factorsOf, rolesOf, type Needs } from '../../approval/quorum.js';

/** `senior_clinician or pharmacist`, `order of clinician`; sorted, and as often as there are seats. */
export function seatsOf(needs: Needs): string[] {
  return factorsOf(needs)
    .flatMap((factor) => {
      const roles = rolesOf(factor).join(' or ');
      return Array.from({ length: factor.count }, () => (factor.order ? `order of ${roles}` : roles));
    })
    .sort();
}
