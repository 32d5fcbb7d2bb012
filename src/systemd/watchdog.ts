import type { Notifier } from './notify.js';

/** A part of the daemon that must keep moving. */
export interface Pulse {
  readonly name: string;
  /** Whether it has moved or is rightly idle. */
  beats(): boolean;
}

/**
 * Feeds the service manager's watchdog, but only while every part beats. The timer itself proves that the event loop
 * turns.
 */
export class Watchdog {
  readonly #notifier: Notifier;
  readonly #pulses: readonly Pulse[];
  readonly #onSilent: (name: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param onSilent - told which part does not beat, each time the watchdog goes hungry for it */
  constructor(notifier: Notifier, pulses: readonly Pulse[], onSilent: (name: string) => void) {
    this.#notifier = notifier;
    this.#pulses = pulses;
    this.#onSilent = onSilent;
  }

  /** Starts; does nothing where no watchdog is set. */
  start(): void {
    const { watchdogMilliseconds } = this.#notifier;
    if (watchdogMilliseconds === 0) return;
    this.#feed();
    // sd_watchdog_enabled(3) recommends half of the interval.
    this.#timer = setInterval(() => this.#feed(), watchdogMilliseconds / 2);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #feed(): void {
    const silent = this.#pulses.find((pulse) => !pulse.beats());
    if (silent) this.#onSilent(silent.name);
    else this.#notifier.watchdog();
  }
}
