/** Keeps one process running: starts it again when it dies, and gives up when it dies too often. */
import type { RunningChild } from '@countersign/sandbox';

export interface Supervised {
  readonly name: string;
  readonly pid: () => number;
  /** Ends it and starts nothing again. Stopping twice is stopping once. */
  readonly stop: () => Promise<void>;
}

export interface SuperviseOptions {
  readonly name: string;
  /** The one that runs already. */
  readonly child: RunningChild;
  readonly again: () => Promise<RunningChild>;
  /** Told at each death, before it is started again, and once it runs. */
  readonly onChange: (what: 'died' | 'restarted', how: string) => void;
  /** It died too often, or would not start again however often it was tried. */
  readonly onGiveUp: (reason: string) => void;
  readonly policy?: RestartPolicy;
  readonly clock?: () => number;
}

/** How often a process may die within a time before the stack gives up. */
export interface RestartPolicy {
  readonly restarts: number;
  readonly withinMs: number;
  /** Before the first restart; doubles with each. */
  readonly delayMs: number;
}

const restartPolicy: RestartPolicy = { restarts: 3, withinMs: 60_000, delayMs: 250 };

export function supervise(options: SuperviseOptions): Supervised {
  const { name, again, onChange, onGiveUp, policy = restartPolicy, clock = () => performance.now() } = options;
  let child = options.child;
  let restarts: readonly number[] = [];
  let stopping = false;
  let wake = (): void => undefined;
  let rest: Promise<void> = Promise.resolve();

  const watch = (): void => {
    void child.exited.then((how) => {
      if (!stopping) rest = revive(String(how));
    });
  };

  async function revive(how: string): Promise<void> {
    restarts = restarts.filter((at) => clock() - at < policy.withinMs);
    if (restarts.length >= policy.restarts)
      return onGiveUp(`${name} ended (${how}) ${restarts.length + 1} times within a minute.\n${child.tail()}`.trim());
    onChange('died', how);
    const wait = policy.delayMs * 2 ** restarts.length;
    restarts = [...restarts, clock()];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    if (stopping) return;
    try {
      child = await again();
    } catch (error) {
      if (stopping) return;
      // What it leans on may be starting again itself.
      if (restarts.length < policy.restarts) return revive('before it was ready');
      return onGiveUp(error instanceof Error ? error.message : `${name} did not start again`);
    }
    onChange('restarted', '');
    watch();
  }

  watch();
  return {
    name,
    pid: () => child.pid,
    async stop() {
      stopping = true;
      wake();
      await rest; // a start that is under way becomes a child to stop
      await child.stop();
    },
  };
}
