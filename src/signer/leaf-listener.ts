/** Hears of new leaves: LISTEN on a connection of its own, opened again whenever it is lost. */
import pg from 'pg';
import { errorFacts, type Logger } from '../config/log.js';

export interface LeafListener {
  readonly connected: () => boolean;
  stop(): Promise<void>;
}

export interface LeafListenerOptions {
  readonly connectionString: string;
  readonly tenant: string;
  readonly log: Logger;
  /** Called for each leaf, and after each connection: what came in between was not heard. */
  readonly onLeaf: () => void;
}

const retryMs = { first: 100, most: 5_000 };

export function listenForLeaves({ connectionString, tenant, log, onLeaf }: LeafListenerOptions): LeafListener {
  let client: pg.Client | undefined;
  let connected = false;
  let stopped = false;
  let wait = retryMs.first;
  let timer: NodeJS.Timeout | undefined;

  const lost = (of: pg.Client): void => {
    if (client !== of) return;
    client = undefined;
    connected = false;
    of.end().catch(() => undefined);
    if (stopped) return;
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, retryMs.most);
  };

  const connect = (): void => {
    const opened = new pg.Client({ connectionString, keepAlive: true, connectionTimeoutMillis: 5_000 });
    client = opened;
    opened.on('error', (error) => {
      log.warn({ error: errorFacts(error) }, 'connection for notifications lost');
      lost(opened);
    });
    opened.on('end', () => lost(opened));
    opened.on('notification', ({ payload }) => {
      if (payload === tenant) onLeaf();
    });
    opened
      .connect()
      .then(() => opened.query('LISTEN audit_leaf'))
      .then(
        () => {
          connected = true;
          wait = retryMs.first;
          onLeaf();
        },
        (error: unknown) => {
          log.warn({ error: errorFacts(error) }, 'cannot listen for leaves');
          lost(opened);
        },
      );
  };

  connect();
  return {
    connected: () => connected,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
