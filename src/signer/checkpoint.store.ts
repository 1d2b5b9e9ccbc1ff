import type { PoolClient } from 'pg';
import { z } from 'zod';

/** The origin that the tenant's log goes by; undefined for no such tenant. */
export async function logOrigin(tx: PoolClient): Promise<string | undefined> {
  const found = await tx.query(
    'SELECT log_origin AS origin FROM countersign.tenant WHERE tenant = countersign.current_tenant()',
  );
  return found.rows.map((row) => z.object({ origin: z.string() }).parse(row).origin)[0];
}

/** Publishes a signed checkpoint. The same one again changes nothing; another one of that size is an error (23505). */
export async function publishCheckpoint(tx: PoolClient, size: number, note: string): Promise<void> {
  await tx.query('SELECT countersign.audit_publish($1, $2)', [size, note]);
}

/** What the signer says of the log: that it signs, or that it refuses to; `size` counts the leaves that it had signed by then. */
export interface SignerWord {
  readonly status: 'signing' | 'refusing';
  readonly size: number;
}

/** Leaves the signer's word, which gateways ask for before they act. Where there is no log, there is nobody to tell. */
export async function reportWord(tx: PoolClient, { status, size }: SignerWord): Promise<void> {
  await tx.query('SELECT countersign.signer_report($1, $2) FROM countersign.audit_log', [status, size]);
}
