import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** Everything that a file of ours imports, followed through our own files: packages and Node modules, and by whom. */
function imported(entry: string, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(entry)) return seen;
  seen.set(entry, entry);
  const text = readFileSync(entry, 'utf8').replaceAll(/import type [^;]*;/g, '');
  for (const [, name = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g))
    if (name.startsWith('.')) imported(normalize(join(dirname(entry), name.replace(/\.js$/, '.ts'))), seen);
    else seen.set(name, entry);
  return seen;
}

describe('verifying', () => {
  it('loads nothing that reaches a network, a database or an engine', () => {
    const names = [...imported('src/cli/commands/audit.command.ts').keys()].filter((name) => !name.endsWith('.ts'));
    expect(names.sort()).toEqual([
      '@levischuck/tiny-cbor',
      '@noble/curves/ed25519.js',
      '@noble/curves/nist.js',
      '@noble/hashes/sha2.js',
      'canonicalize',
      'commander',
      'node:fs',
      'zod',
    ]);
  });

  it('is pure: the verifier itself needs no Node module at all', () => {
    const names = [...imported('src/audit/verify.ts').keys()].filter((name) => !name.endsWith('.ts'));
    expect(names.filter((name) => name.startsWith('node:'))).toEqual([]);
  });
});
