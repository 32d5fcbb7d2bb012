import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PathBytes } from '../../text/path-bytes.js';
import { activePrefixes, type CsyncConfig, configWithoutPlaces } from '../cfg/index.js';

/**
 * A system directory for csync2's server in which the configuration leaves places out: what peers
 * send for them is refused, stays pending there, and comes when the places are back. Without it,
 * the server would write into the bare mount point, and what it finds missing would be marked as
 * deleted.
 */
export class HeldConfiguration {
  readonly directory: string;

  /** @param directory - to be made; its parent is only ours to write */
  constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Makes the directory again. If the configuration can't be read, it is one that csync2 refuses:
   * then nothing is taken.
   */
  write(config: CsyncConfig, systemDirectory: string, places: readonly PathBytes[]): void {
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { mode: 0o700 });
    const own = basename(config.file);
    const others = readdirSync(systemDirectory).filter(
      (name) => name.startsWith('csync2') && name !== own,
    );
    // The lock need not be there yet.
    for (const name of new Set([...others, 'csync2.lock'])) {
      symlinkSync(join(systemDirectory, name), join(this.directory, name));
    }
    writeFileSync(join(this.directory, own), textWithout(config, systemDirectory, places), {
      mode: 0o600,
    });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function textWithout(
  config: CsyncConfig,
  systemDirectory: string,
  places: readonly PathBytes[],
): Buffer {
  try {
    return configWithoutPlaces({
      file: config.file,
      systemDirectory,
      places,
      prefixes: activePrefixes(config),
    });
  } catch {
    // The mistake is reported when the configuration is reloaded.
    return Buffer.from('unreadable');
  }
}
