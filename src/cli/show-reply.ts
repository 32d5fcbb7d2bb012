import type { ParsedFlags } from './setting-flags.js';

/** Prints what the daemon has answered: as an object with `--json`, else as one sentence. */
export function showReply<Reply>(flags: ParsedFlags, reply: Reply, text: (reply: Reply) => string): void {
  process.stdout.write(`${flags.json ? JSON.stringify(reply) : text(reply)}\n`);
}

/** `1 file`, `2 files`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
