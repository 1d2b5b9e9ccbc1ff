/** The life of one of our processes: it says when it is ready, and ends when it is told to or when its parent is gone. */

/** One line that `countersign dev` and tests wait for. */
export function announceReady(facts: Readonly<Record<string, string | number>> = {}): void {
  process.stdout.write(`${JSON.stringify({ ready: true, ...facts })}\n`);
}

const longestStop = 10_000;

/**
 * Runs `stop` once, at SIGTERM, SIGINT or when the IPC channel to the parent closes (which kill -9 of it does too), and
 * then ends the process. A second signal does not wait.
 */
export function endWith(stop: () => Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) process.exit(1);
    ending = true;
    setTimeout(() => process.exit(1), longestStop).unref(); // a worker whose server went first would wait for ever
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${error instanceof Error ? error.name : 'unknown'}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('disconnect', end);
  if (process.connected === false) end(); // the parent went while we started, and nobody says so again
}
