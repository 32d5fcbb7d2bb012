import { progress } from './progress.js';

const endings: (() => unknown)[] = [];
let ended: Promise<void> | undefined;
let signalled = false;

/** Whether a signal ends the run: whatever fails from then on fails because of it. */
export function isSignalled(): boolean {
  return signalled;
}

/** Has `end` called when the run is over, however it ends; the last begun ends first. */
export function atEnd(end: () => unknown): void {
  endings.push(end);
}

/** Ends all that has been begun. One ending that fails holds up no other. */
export function endEverything(): Promise<void> {
  ended ??= endAll();
  return ended;
}

/** SIGINT, SIGTERM and SIGHUP end the run with 128 + number, after all that has been begun. */
export function endOnSignals(): void {
  for (const [name, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(name, () => {
      if (signalled) return;
      signalled = true;
      progress(`${name}: ending`);
      void endEverything().then(() => process.exit(128 + number));
    });
  }
}

async function endAll(): Promise<void> {
  for (const end of endings.reverse()) {
    try {
      await end();
    } catch (error) {
      progress(`while ending: ${error instanceof Error ? error.message : error}`);
    }
  }
}
