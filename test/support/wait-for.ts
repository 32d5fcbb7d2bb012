import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `condition` holds, asking every 100 ms, later every 500. False if it doesn't within
 * so many seconds.
 */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  seconds: number,
): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  for (let pause = 100; !(await condition()); pause = Math.min(500, pause * 1.2)) {
    if (performance.now() > end) return false;
    await sleep(pause);
  }
  return true;
}
