/** Why the signer does not start, in words that may be printed: they name variables, never values. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
