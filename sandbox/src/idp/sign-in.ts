/** Judges what somebody typed into the sign-in page. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Credentials } from './state.js';
import { totpCode, totpStep } from './totp.js';

/** Authentication context classes, told apart by whether a one-time code was shown as well. */
export const acr = { password: 'urn:countersign:acr:pwd', mfa: 'urn:countersign:acr:mfa' } as const;

export interface SignInAttempt {
  readonly person: string;
  readonly password: string;
  /** Empty for a sign-in by password alone. */
  readonly code: string;
  /** The application wants both factors. */
  readonly needsMfa: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type SignInVerdict =
  | { readonly status: 'signed_in'; readonly person: string; readonly acr: string; readonly amr: readonly string[] }
  /** `wrong` does not tell which of the three was: a guesser learns nothing from it. */
  | { readonly status: 'refused'; readonly reason: 'wrong' | 'code_needed' | 'code_used' };

export type SignInDesk = (attempt: SignInAttempt) => SignInVerdict;

/**
 * A code counts in its own step and the ones beside it, for slow typists and clocks that drift, and once
 * (RFC 6238 §5.2). Which codes were used is forgotten with the process: this is a sandbox.
 */
export function signInDesk(everyone: readonly Credentials[]): SignInDesk {
  const usedSteps = new Map<string, readonly number[]>();

  return ({ person, password, code, needsMfa, at }) => {
    const known = everyone.find((each) => each.person === person);
    if (!known || !sameText(known.password, password)) return { status: 'refused', reason: 'wrong' };
    if (code === '') {
      if (needsMfa) return { status: 'refused', reason: 'code_needed' };
      return { status: 'signed_in', person, acr: acr.password, amr: ['pwd'] };
    }
    const now = totpStep(at, known.totpPeriod);
    const step = [now, now - 1, now + 1].find((each) => sameText(totpCode(known.totpSecret, each), code));
    if (step === undefined) return { status: 'refused', reason: 'wrong' };
    const used = (usedSteps.get(person) ?? []).filter((each) => each >= now - 1);
    if (used.includes(step)) return { status: 'refused', reason: 'code_used' };
    usedSteps.set(person, [...used, step]);
    return { status: 'signed_in', person, acr: acr.mfa, amr: ['pwd', 'otp', 'mfa'] };
  };
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
