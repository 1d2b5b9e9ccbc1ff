import { fileURLToPath } from 'node:url';

/** The failure converter that bundle, workers and clients share; a side without it would write failures in clear. */
export const failureConverterPath = fileURLToPath(
  new URL(`./failure-converter.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);
