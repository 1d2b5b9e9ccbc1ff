import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { run } from '../../support/run.js';

const line = z.looseObject({ step: z.string(), ok: z.boolean(), status: z.string() });

describe('countersign demo', () => {
  it('sees every step hold, and says so as one JSON object a step', async () => {
    const { code, stdout, stderr } = await run('dist/src/cli/main.js', ['demo', '--json']);
    const told = stdout
      .trim()
      .split('\n')
      .map((each) => line.parse(JSON.parse(each)));
    expect({ code, told: told.map(({ step, ok, status }) => `${step} ${String(ok)} ${status}`), stderr }).toEqual({
      code: 0,
      told: [
        'stack true up',
        'facility true completed',
        'approve true completed',
        'deny true denied',
        'expire true expired',
        'verify true valid',
        'tamper true invalid',
        'history true clean',
        'dispose true disposed',
        'passkeys true enrolled',
        'update true completed',
        'crash true completed',
        'bulk true denied',
        'rollback true completed',
        'verify-write true valid',
        'end true seen',
      ],
      stderr: expect.any(String),
    });
  }, 120_000);
});
