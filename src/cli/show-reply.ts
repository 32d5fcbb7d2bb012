import type { ParsedFlags } from './setting-flags.js';

export { counted } from '../text/counted.js';

/** Prints the daemon's reply as an object with `--json`, otherwise as one sentence. */
export function showReply<Reply>(
  flags: ParsedFlags,
  reply: Reply,
  text: (reply: Reply) => string,
): void {
  process.stdout.write(`${flags.json ? JSON.stringify(reply) : text(reply)}\n`);
}
