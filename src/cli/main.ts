#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { exitCodeOf, reportError } from './report-error.js';

// The reader of our output may stop reading, as `head` does, or the terminal may have gone.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const isGone = error.code === 'EPIPE' || (error.code === 'EIO' && process.stdout.isTTY);
  if (!isGone) throw error;
});

const words = process.argv.slice(2);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.once(event, (error: unknown) => {
    reportError(error, { json: false });
    process.exit(exitCodeOf(error));
  });
}

try {
  process.exit(await runCommandLine(words));
} catch (error) {
  reportError(error, { json: words.includes('--json') });
  process.exit(exitCodeOf(error));
}
