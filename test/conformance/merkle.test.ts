import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { verifyConsistency, verifyInclusion } from '../../src/audit/merkle.js';
import { describeWithSampleData, sampleData } from '../support/sample-data.js';

const bytes = z
  .string()
  .nullable()
  .transform((text) => new Uint8Array(Buffer.from(text ?? '', 'base64')));
const proof = z
  .array(bytes)
  .nullable()
  .transform((hashes) => hashes ?? []);
const inclusion = z.object({
  leafIdx: z.number(),
  treeSize: z.number(),
  root: bytes,
  leafHash: bytes,
  proof,
  desc: z.string(),
  wantErr: z.boolean(),
});
const consistency = z.object({
  size1: z.number(),
  size2: z.number(),
  root1: bytes,
  root2: bytes,
  proof,
  desc: z.string(),
  wantErr: z.boolean(),
});

function files(kind: string): string[] {
  const root = sampleData('merkle/testdata', kind);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describeWithSampleData('published Merkle proofs', 'merkle/testdata', () => {
  it('number 196', () => {
    expect(files('inclusion').length + files('consistency').length).toBe(196);
  });

  it('of inclusion are taken or refused as published', () => {
    for (const file of files('inclusion')) {
      const { leafIdx, treeSize, leafHash, root, desc, wantErr, proof } = inclusion.parse(
        JSON.parse(readFileSync(file, 'utf8')),
      );
      const valid = verifyInclusion({ index: leafIdx, size: treeSize, leaf: leafHash, proof, root });
      expect({ file, desc, valid }).toEqual({ file, desc, valid: !wantErr });
    }
  });

  it('of consistency are taken or refused as published', () => {
    for (const file of files('consistency')) {
      const { desc, wantErr, ...claim } = consistency.parse(JSON.parse(readFileSync(file, 'utf8')));
      expect({ file, desc, valid: verifyConsistency(claim) }).toEqual({ file, desc, valid: !wantErr });
    }
  });
});
