/** Key of the leaf of a step that each revision takes; the first revision's is the bare name. */
export function leafKeyOf(step: string, revision: number): string {
  return revision === 1 ? step : `${step}/${revision}`;
}
