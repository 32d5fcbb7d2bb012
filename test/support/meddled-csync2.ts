import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * A csync2 that runs a script first, once, when it is told to: between our look and its own
 * something happens.
 */
export class MeddledCsync2 {
  /** To be given as the setting `csync2`. */
  readonly program: string;
  readonly #folder: string;

  constructor(context: TestContext) {
    this.#folder = join('/dev/shm', `meddle-${process.pid}-${Math.random().toString(36).slice(2)}`);
    mkdirSync(this.#folder);
    context.after(() => rmSync(this.#folder, { recursive: true }));
    this.program = join(this.#folder, 'csync2');
    const text = `#!/bin/bash
for mode in -c -u; do
  case " $* " in
    *" $mode "* | *" $mode"r*) mv ${this.#folder}/now$mode ${this.#folder}/once 2>/dev/null && . ${this.#folder}/once ;;
  esac
done
exec /usr/sbin/csync2 "$@"
`;
    writeFileSync(this.program, text, { mode: 0o755 });
  }

  /** The next check, or update, begins with a bash script. */
  next(mode: '-c' | '-u', script: string): void {
    writeFileSync(join(this.#folder, `now${mode}`), script);
  }
}
