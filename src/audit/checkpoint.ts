/** C2SP tlog checkpoints (https://c2sp.org/tlog-checkpoint): origin, tree size, root. */
import { base64, unbase64 } from './bytes.js';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${base64(root)}\n`;
}

/** Reads a note's body; extension lines are allowed and ignored. Undefined for anything malformed. */
export function parseCheckpoint(body: string): Checkpoint | undefined {
  const [origin, sizeText, rootText] = body.split('\n');
  const root = rootText === undefined ? undefined : unbase64(rootText);
  if (!origin || sizeText === undefined || !/^(0|[1-9]\d{0,15})$/.test(sizeText) || root?.length !== 32)
    return undefined;
  const size = Number(sizeText);
  return Number.isSafeInteger(size) ? { origin, size, root } : undefined;
}
