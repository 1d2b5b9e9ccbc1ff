/** Looks for secrets in everything that outlives an action: raw histories, every table by COPY, logs. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { secretForms } from '../../src/cli/demo/secret-forms.js';

export interface Place {
  readonly name: string;
  readonly text: string;
}

/** The namespace's histories as the server has them, decoded by nobody, and what it says of each execution. */
export async function histories(client: Client): Promise<Place[]> {
  const { workflowService, options } = { workflowService: client.workflowService, options: client.options };
  const { namespace } = options;
  const { executions } = await workflowService.listWorkflowExecutions({ namespace });
  return Promise.all(
    (executions ?? []).map(async ({ execution, ...facts }) => {
      const history = await workflowService.getWorkflowExecutionHistory({ namespace, execution: execution ?? {} });
      const name = execution?.workflowId ?? 'unnamed';
      return { name, text: [printed(execution), printed(facts), printed(history)].join('\n') };
    }),
  );
}

function printed(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner instanceof Uint8Array ? Buffer.from(inner).toString('latin1') : inner,
  );
}

/** Every table of every schema of ours, as COPY writes it; bytea twice, as hexadecimal digits and as what they stand for. */
export async function tables(admin: Pool): Promise<Place[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-copy-'));
  chmodSync(folder, 0o777); // the server writes there, as whoever it runs
  try {
    const found = await admin.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const places: Place[] = [];
    for (const { name } of found.rows) {
      const file = join(folder, name);
      await admin.query(`COPY ${name} TO '${file}'`);
      const text = readFileSync(file, 'latin1');
      places.push({ name, text: `${text}\n${decodedBytes(text)}` });
    }
    return places;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function decodedBytes(text: string): string {
  return [...text.matchAll(/\\\\x((?:[0-9a-f]{2})+)/g)]
    .map(([, digits = '']) => Buffer.from(digits, 'hex').toString('latin1'))
    .join('\n');
}

/** Which secrets are found where: as they are, in hexadecimal, or in base64 at any alignment. */
export function leaks(places: readonly Place[], secrets: readonly string[]): { secret: string; place: string }[] {
  return secrets.flatMap((secret) =>
    places
      .filter(({ text }) => secretForms(secret).some((form) => text.includes(form)))
      .map(({ name }) => ({ secret, place: name })),
  );
}
