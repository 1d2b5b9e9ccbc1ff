/** Does a piece of work when somebody asks, never twice at once and never sooner than a pause after the last time. */

export interface Rounds {
  /** Asks for a round that begins after this call. */
  ask(): void;
  /** Resolves when no round runs any more; none begins afterwards. */
  stop(): Promise<void>;
}

/** `work` must not reject; it returns how many milliseconds the next round keeps away at least. */
export function startRounds(work: () => Promise<number>): Rounds {
  let asked = false;
  let stopped = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const next = (): void => {
    if (!asked || stopped || running !== undefined || timer !== undefined) return;
    asked = false;
    running = work().then((pause) => {
      running = undefined;
      if (stopped) return;
      timer = setTimeout(() => {
        timer = undefined;
        next();
      }, pause);
    });
  };
  return {
    ask() {
      asked = true;
      next();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
