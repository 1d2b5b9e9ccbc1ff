/** Addresses of patient records. One that is not the opened patient's shows that another's data came along. */
import type { Span } from './finding.js';
import { fold, type Folded } from './normalise.js';

const patientReference = /\bpatient\/([a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?)/g;

/** @param opened `Patient/<id>`; without one, every reference is another's. */
export function findReferences(opened: string | undefined, folded: Folded): Span[] {
  const own = opened === undefined ? undefined : fold(opened).text;
  return [...folded.text.matchAll(patientReference)].map((match) => ({
    class: 'reference',
    layer: 'reference',
    owner: match[0] === own ? 'opened' : 'other',
    start: folded.start(match.index),
    end: folded.end(match.index + match[0].length - 1),
  }));
}
