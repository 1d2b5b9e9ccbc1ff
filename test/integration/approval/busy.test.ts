import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { voteStage, type VoteStage } from './stage.js';

/** Where the worker looks for keys: it answers only when told to, as a provider under load does. */
const held: ServerResponse[] = [];
let provider: Server;
let at: VoteStage;
beforeAll(async () => {
  provider = createServer((_request, response) => void held.push(response));
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const address = provider.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  at = await voteStage(`http://127.0.0.1:${address.port}/jwks`);
});
afterAll(async () => {
  await at?.end();
  await new Promise((resolve) => provider.close(resolve));
});

async function answerKeys(): Promise<void> {
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const keys = await (await fetch(`${at.issuer.url}/jwks`)).text();
  for (const response of held.splice(0)) response.writeHead(200, { 'content-type': 'application/json' }).end(keys);
}

describe('many votes at once', () => {
  it('are verified eight at a time; one more is told to come again, and has lost nothing', async () => {
    const of = await at.waiting();
    const own = await at.envelope(of, 'amara');
    const forged = await Promise.all(
      Array.from({ length: 8 }, async (_, n): Promise<DecisionEnvelope> => {
        const idToken = await at.issuer.voteToken('amara', `another decision ${n}`);
        return { ...own, proof: { kind: 'idp', idToken } };
      }),
    );
    const verifying = forged.map((envelope) => at.record(of, envelope));
    // All eight have their receipts, so all that is left to them is to wait for the keys.
    for (let noted = 0; noted < 8;)
      noted = (await at.db.admin.query('SELECT FROM countersign.vote_receipt')).rowCount ?? 0;
    let ninth: unknown;
    do ninth = await at.record(of, own).catch((error: unknown) => error);
    while (held.length === 0);
    expect(ninth).toMatchObject({ code: 'vote.busy' });
    expect((await at.leaves(of)).map(({ kind }) => kind)).toEqual(['approval.challenged']); // busy is no refusal

    await answerKeys();
    expect(await Promise.all(verifying)).toEqual(
      forged.map(() => ({ status: 'refused', code: 'vote.other_decision' })),
    );
    expect(await at.record(of, own)).toMatchObject({ status: 'counted' });
    expect((await at.leaves(of)).map(({ kind }) => kind)).toEqual([
      'approval.challenged',
      'vote.refused', // eight times the same thing, said once
      'vote.counted',
    ]);
  });
});
