import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` holds, asking every 100 ms. False if it doesn't within so many seconds. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  seconds: number,
): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await sleep(100);
  }
  return true;
}
