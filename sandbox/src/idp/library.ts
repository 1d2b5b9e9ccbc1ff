/** oidc-provider, loaded when it is needed: the import takes a quarter of a second. */
import type * as library from 'oidc-provider';

export type OidcLibrary = typeof library;

/** On Node 20 its import says "Unsupported runtime"; it works there, and a newcomer would take it for a fault of theirs. */
export async function loadOidcLibrary(): Promise<OidcLibrary> {
  const { warn } = console;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes('oidc-provider WARNING: Unsupported runtime')) warn(...words);
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}
