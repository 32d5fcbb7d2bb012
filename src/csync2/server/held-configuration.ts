import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PathBytes } from '../../text/path-bytes.js';
import { activePrefixes, type CsyncConfig, configWithoutPlaces } from '../cfg/index.js';

/**
 * A system directory for csync2's server whose configuration leaves places out. Files that peers
 * send for these places are rejected, stay pending there, and come when the places are back.
 * Otherwise the server would write into the bare mount point, and mark missing files as deleted.
 */
export class HeldConfiguration {
  readonly directory: string;

  /** @param directory - to be made; only we can write to its parent */
  constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Makes the directory again. If the configuration can't be read, csync2 refuses the new one, so
   * nothing is received.
   */
  write(config: CsyncConfig, systemDirectory: string, places: readonly PathBytes[]): void {
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { mode: 0o700 });
    const own = basename(config.file);
    const others = readdirSync(systemDirectory).filter(
      (name) => name.startsWith('csync2') && name !== own,
    );
    // The lock may not exist yet.
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
