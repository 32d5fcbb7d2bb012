import { exitCodes, InotifyCsyncError } from '../errors.js';
import { writeEntry } from '../observe/journal-entry.js';
import { eventOfError } from '../observe/message-ids.js';
import { type Journal, openJournal } from '../systemd/journal.js';

/**
 * Shows an error. Prints one line with the problem and one with the remedy on stderr, or with
 * `json` an object on stdout. If stderr is the journal, writes an entry. An error that is not an
 * InotifyCsyncError is a bug and is shown with its stack.
 */
export function reportError(error: unknown, options: { json: boolean }): void {
  const journal = openJournal();
  if (options.json) process.stdout.write(`${JSON.stringify({ error: errorObject(error) })}\n`);
  else if (journal) writeErrorEntry(journal, error);
  else for (const line of errorLines(error)) process.stderr.write(`${line}\n`);
}

/** An error as `--json` shows it. */
export function errorObject(error: unknown): {
  code: string;
  message: string;
  hint: string;
  exitCode: number;
} {
  if (error instanceof InotifyCsyncError) {
    const { code, message, hint, exitCode } = error;
    return { code, message, hint, exitCode };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'ICS_BUG', message, hint: reportIt, exitCode: exitCodes.software };
}

export function exitCodeOf(error: unknown): number {
  return error instanceof InotifyCsyncError ? error.exitCode : exitCodes.software;
}

const reportIt = 'this is a bug in inotify-csync: please report it with these lines';

function errorLines(error: unknown): string[] {
  const { message, hint } = errorObject(error);
  if (error instanceof InotifyCsyncError)
    return [`inotify-csync: ${oneLine(message)}`, `  ${oneLine(hint)}`];
  return [`inotify-csync: ${message}`, `  ${hint}`].flatMap((text) => text.split('\n'));
}

/**
 * Makes one line of a text. A file name in a message must neither begin a line nor control a
 * terminal.
 */
function oneLine(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** Writes one entry, so that a search by MESSAGE_ID also finds the remedy. */
function writeErrorEntry(journal: Journal, error: unknown): void {
  const { code, message, hint } = errorObject(error);
  const event = error instanceof InotifyCsyncError ? eventOfError(error) : 'failed';
  writeEntry(journal, 'error', `${oneLine(message.replaceAll('\n', ' | '))}; ${oneLine(hint)}`, {
    event,
    errorCode: code,
  });
}
