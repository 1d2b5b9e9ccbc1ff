/** LISTEN on a connection of its own, opened again whenever it is lost. */
import pg from 'pg';
import { errorFacts, type Logger } from '../config/log.js';

export interface Listener {
  readonly connected: () => boolean;
  stop(): Promise<void>;
}

export interface ListenOptions {
  readonly connectionString: string;
  readonly channel: 'audit_leaf' | 'audit_checkpoint' | 'dek_destroyed';
  readonly log: Logger;
  readonly onPayload: (payload: string) => unknown;
  /** After each connection, the first included: what was said in between was not heard. */
  readonly onConnected: () => void;
}

const retryMs = { first: 100, most: 5_000 };

export function listen({ connectionString, channel, log, onPayload, onConnected }: ListenOptions): Listener {
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
      log.warn({ channel, error: errorFacts(error) }, 'connection for notifications lost');
      lost(opened);
    });
    opened.on('end', () => lost(opened));
    opened.on('notification', ({ payload }) => onPayload(payload ?? ''));
    opened
      .connect()
      .then(() => opened.query(`LISTEN ${channel}`))
      .then(
        () => {
          connected = true;
          wait = retryMs.first;
          onConnected();
        },
        (error: unknown) => {
          log.warn({ channel, error: errorFacts(error) }, 'cannot listen for notifications');
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
