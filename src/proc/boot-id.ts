import { readFileSync } from 'node:fs';

/** A text that is another one after each boot of the machine (random(4)). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
