/** The signer in one process: rounds whenever leaves come, a state that says how the last one went. */
import pg from 'pg';
import { errorFacts, type Logger } from '../config/log.js';
import { listen } from '../database/listen.js';
import { startRounds } from './rounds.js';
import { logRounds, type RefusedReason, type Round, type SignLogDeps } from './sign-log.js';

export interface SignerOptions extends Omit<SignLogDeps, 'pool'> {
  readonly connectionString: string;
  readonly log: Logger;
}

export type SignerState =
  | { readonly status: 'starting' }
  /** The database cannot be reached or used, or did not take the signer's word. */
  | { readonly status: 'unreachable'; readonly error: ReturnType<typeof errorFacts> }
  /** Everything up to `size` is signed and published, or was when the last round ended. */
  | { readonly status: 'signing'; readonly size: number }
  /** Nothing is signed until the log fits again what was signed before. */
  | { readonly status: 'refusing'; readonly reason: RefusedReason };

export interface RunningSigner {
  readonly state: () => SignerState;
  /** True while it signs and hears of new leaves. */
  readonly healthy: () => boolean;
  /** Resolves when the first round has ended, however it ended; its word is in the database then, if that takes one. */
  readonly firstRound: Promise<void>;
  /** Stopping twice is stopping once. */
  stop(): Promise<void>;
}

/** Milliseconds between rounds: leaves that come meanwhile share one signature; a refusal is looked at again slowly. */
const pauses = { signing: 25, refusing: 1_000, unreachable: 1_000 };
/** Notifications may be lost; this asks anyway. Each round leaves the signer's word, which is good for twenty seconds. */
const idleMs = 5_000;

export function startSigner({ connectionString, log, ...deps }: SignerOptions): RunningSigner {
  const pool = new pg.Pool({ connectionString, max: 2, connectionTimeoutMillis: 5_000, keepAlive: true });
  pool.on('error', (error) => log.warn({ error: errorFacts(error) }, 'idle connection lost'));
  const round = logRounds({ pool, ...deps });
  let state: SignerState = { status: 'starting' };
  let ended = (): void => undefined;
  const firstRound = new Promise<void>((resolve) => (ended = resolve));

  const change = (next: SignerState): void => {
    if (reasonOf(next) !== reasonOf(state)) tell(log, next);
    state = next;
  };
  const work = async (): Promise<number> => {
    const next = await round().then(stateAfter, (error: unknown) => {
      return { status: 'unreachable', error: errorFacts(error) } as const;
    });
    change(next);
    ended();
    return pauses[next.status];
  };
  const rounds = startRounds(work);
  const listener = listen({
    connectionString,
    channel: 'audit_leaf',
    log,
    onPayload: (tenant) => tenant === deps.tenant && rounds.ask(),
    onConnected: rounds.ask,
  });
  const idle = setInterval(rounds.ask, idleMs);
  // What stopped a round may be over before the next leaf comes.
  const again = setInterval(() => state.status !== 'signing' && rounds.ask(), pauses.refusing);
  rounds.ask();

  const stop = async (): Promise<void> => {
    clearInterval(idle);
    clearInterval(again);
    await listener.stop();
    await rounds.stop();
    await pool.end();
  };
  let stopped: Promise<void> | undefined;
  return {
    state: () => state,
    healthy: () => state.status === 'signing' && listener.connected(),
    firstRound,
    stop: () => (stopped ??= stop()),
  };
}

function stateAfter(round: Round): Extract<SignerState, { status: 'refusing' | 'signing' }> {
  return round.status === 'refused'
    ? { status: 'refusing', reason: round.reason }
    : { status: 'signing', size: round.size };
}

const reasonOf = (state: SignerState): string => (state.status === 'refusing' ? state.reason : state.status);

function tell(log: Logger, state: SignerState): void {
  switch (state.status) {
    case 'refusing':
      return log.error(
        { reason: state.reason },
        'the log does not fit what was signed; nothing is signed until it does',
      );
    case 'unreachable':
      return log.warn({ error: state.error }, 'the database cannot be reached or used; trying again');
    default:
      return log.info({ status: state.status }, 'signing');
  }
}
