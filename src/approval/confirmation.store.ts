import type { PoolClient } from 'pg';
import type { ActionRow, RevisionRow } from '../action/action.store.js';
import type { TenantId } from '../action/ids.js';
import type { Keychain } from '../keys/keychain.store.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import { phraseOf } from './confirmation.js';

interface ConfirmationDeps {
  readonly keychain: Keychain;
  readonly rulebook: ReadRulebook;
}

/** What has to be typed to approve this; null where the tier asks for nothing. It is part of what is shown. */
export async function confirmationPhrase(
  tx: PoolClient,
  { keychain, rulebook }: ConfirmationDeps,
  tenant: TenantId,
  row: ActionRow,
  { kind, shows }: RevisionRow,
): Promise<string | null> {
  const { tiers } = await rulebook(tx, row.rulebook);
  const approval = row.tier === null ? undefined : tiers[row.tier].approval;
  if (kind === 'resolution' || approval?.status !== 'asked' || approval.confirmation !== 'typed') return null;
  const { bytes } = await keychain.unseal(tx, tenant, row.action, `display/${shows}`);
  return phraseOf(JSON.parse(new TextDecoder().decode(bytes)));
}
