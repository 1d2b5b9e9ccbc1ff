/** When to come again. */

const longestDelay = 10_000;

/**
 * Milliseconds before the next attempt: twice as long each time, with up to half of it at random, so that callers who
 * were turned away together do not return together; never sooner than the API asked (`Retry-After` in seconds).
 */
export function retryDelay(attempt: number, retryAfter: string | null, random: () => number = Math.random): number {
  const grown = 200 * 2 ** (attempt - 1);
  const asked = retryAfter !== null && /^\d{1,4}$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
  return Math.min(longestDelay, Math.max(asked, grown) + random() * grown * 0.5);
}

/** Waits, or throws the signal's reason as soon as it aborts. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
