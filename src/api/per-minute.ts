const minute = 60_000;

/** Counts calls by caller, and answers false beyond `most` in one minute. Of this process alone: each counts its own. */
export function perMinute(most: number, clock: () => number = () => performance.now()): (caller: string) => boolean {
  let began = clock();
  const calls = new Map<string, number>();
  return (caller) => {
    if (clock() - began >= minute) {
      began = clock();
      calls.clear(); // so that callers who went away are not kept
    }
    const count = (calls.get(caller) ?? 0) + 1;
    calls.set(caller, count);
    return count <= most;
  };
}
