/** `countersign audit verify`: needs no server, no database and no network, and loads nothing that could reach one. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parseVerifier } from '../../audit/note.js';
import { accountRows, problemLine } from '../../audit/report.js';
import { verifyBundleText, type Verification } from '../../audit/verify.js';
import { printLine, table } from '../terminal.js';

/** Nothing was wrong, something was, or nothing was and nobody vouches for it. */
const exitCodes: Readonly<Record<Verification['status'], number>> = { valid: 0, invalid: 40, self_consistent: 41 };

interface VerifyOptions {
  readonly vkey: readonly string[];
  readonly json?: boolean;
}

/** The command `audit`; `audit export` is mounted beside. */
export function auditCommand(): Command {
  const audit = new Command('audit').description('the evidence of an action: verify it, without trusting us');
  audit
    .command('verify')
    .description('verify an evidence bundle offline, with verifier keys of the log that you got from elsewhere')
    .argument('<file>', 'evidence bundle, as countersign audit export wrote it')
    .option('--vkey <key>', 'C2SP verifier key of the log; may be given again', collect, [])
    .option('--json', 'one JSON value on standard output')
    .addHelpText('after', '\nExit: 0 valid, 40 anything is wrong, 41 consistent in itself but no key was given.\n')
    .action((file: string, options: VerifyOptions) => {
      process.exitCode = verify(file, options);
    });
  return audit;
}

const collect = (key: string, keys: readonly string[]): readonly string[] => [...keys, key];

function verify(file: string, { vkey, json = false }: VerifyOptions): number {
  const logs = vkey.flatMap((each) => parseVerifier(each) ?? []);
  // A key that cannot be read must not pass for no key.
  if (logs.length < vkey.length)
    return failed('key.malformed', 'A --vkey is no C2SP verifier key; copy it again.', json);
  const text = textOf(file);
  if (text === undefined)
    return failed(
      'file.unreadable',
      'The file cannot be read as UTF-8 text; check its path, or export it again.',
      json,
    );
  const verification = verifyBundleText(text, logs);
  if (json) printLine(JSON.stringify(verification));
  else for (const line of lines(verification)) printLine(line);
  return exitCodes[verification.status];
}

function failed(code: 'key.malformed' | 'file.unreadable', message: string, json: boolean): number {
  if (json) printLine(JSON.stringify({ status: 'invalid', problems: [{ code }] }));
  else printLine(`INVALID\n\n  ${code}: ${message}`);
  return exitCodes.invalid;
}

function lines(verification: Verification): string[] {
  if (verification.status === 'invalid')
    return ['INVALID', '', ...verification.problems.map((problem) => `  ${problemLine(problem)}`)];
  const rows = table(accountRows(verification.account)).map((line) => `  ${line}`);
  const { votes } = verification.account;
  const byPasskey = votes.filter(({ method }) => method === 'passkey').length;
  const caveat =
    `The passkey signatures of ${byPasskey} of ${votes.length} vote(s) were checked. ` +
    'The signatures of the identity provider on ID tokens were not checked.';
  return verification.status === 'valid'
    ? [`VALID: signed by the log ${verification.account.checkpoint.origin}`, '', ...rows, '', caveat]
    : [
        'CONSISTENT, NOT VERIFIED: nobody vouches for it. Give --vkey with the key of the log, got from elsewhere.',
        '',
        ...rows,
      ];
}

/** A byte order mark stays: it is no part of what was exported. */
function textOf(file: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch {
    return undefined;
  }
}
