import { Runtime, makeTelemetryFilterString, type Logger as TemporalLogger } from '@temporalio/worker';
import { errorFacts, type Logger } from '../src/config/log.js';

/** Metadata that names, counts or times; everything else that the SDK would log may quote a payload. */
const kept = new Set([
  'workflowId',
  'workflowType',
  'activityType',
  'activityId',
  'attempt',
  'taskQueue',
  'namespace',
  'state',
  'durationMs',
]);

/**
 * Sends the SDK's own log through ours without errors' messages and stacks: the SDK logs `Activity failed` with both
 * in clear. Call once, before the first Worker; signals are ours to handle.
 */
export function installRuntime(log: Logger): void {
  const write = (
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error',
    message: string,
    meta?: Record<string | symbol, unknown>,
  ) => {
    const facts = Object.fromEntries(Object.entries(meta ?? {}).filter(([name]) => kept.has(name)));
    log[level]({ ...facts, ...(meta?.['error'] !== undefined && { error: errorFacts(meta['error']) }) }, message);
  };
  const logger: TemporalLogger = {
    log: (level, message, meta) => write(levels[level], message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
    },
  });
}

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
