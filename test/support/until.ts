/** Asks until there is an answer. @throws Error after half a minute without one. */
export async function until<T>(ask: () => Promise<T | undefined>, patience = 30_000): Promise<T> {
  for (const over = performance.now() + patience; ;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > over) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
