import { readFileSync } from 'node:fs';

/** A text that changes at each boot of the machine (random(4)). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
