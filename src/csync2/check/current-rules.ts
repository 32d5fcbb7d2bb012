/** The rules of csync2.cfg as it is on disk now: csync2 reads it again for each command. */
import { existsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../cfg/load.js';
import type { CsyncConfig } from '../cfg/model.js';
import type { Instance } from '../run/instance.js';
import { CheckRules } from './check-rules.js';
import type { Fallback } from './fallback.js';

/**
 * Reads csync2.cfg again when one of its files, or a key file, has changed. If csync2 itself is
 * replaced, nothing is known of its checks any more.
 */
export class CurrentRules {
  readonly #instance: Instance;
  readonly #program: string;
  readonly #programStamp: string;
  #kept: Kept | undefined;

  /** Make it when the program has been found to be a known one. */
  constructor(instance: Instance) {
    this.#instance = instance;
    this.#program = fileOf(instance.program);
    this.#programStamp = stampOf([this.#program]);
  }

  /** The rules, or why csync2 has to be asked. */
  get(): CheckRules | Fallback {
    const { extraOptions, hostName, hostNameGiven, systemDirectory } = this.#instance;
    if (extraOptions.length > 0) return 'options';
    if (existsSync(join(systemDirectory, 'csync2.lock'))) return 'maintenance';
    if (!hostNameGiven && hostname().toLowerCase() !== hostName) return 'configuration';
    try {
      if (stampOf([this.#program]) !== this.#programStamp) return 'program';
      const kept = this.#kept;
      if (kept && stampOf(kept.files) === kept.stamp) return kept.rules;
      return this.#read();
    } catch {
      // csync2 says itself what is wrong with it.
      this.#kept = undefined;
      return 'configuration';
    }
  }

  #read(): CheckRules | Fallback {
    this.#kept = undefined;
    const files = filesOf(this.#load());
    const stamp = stampOf(files);
    const config = this.#load();
    // It is being written just now.
    if (stampOf(files) !== stamp || filesOf(config).join('\0') !== files.join('\0'))
      return 'configuration';
    const { database, databaseGiven } = this.#instance;
    if (!databaseGiven && config.database !== database) return 'configuration';
    const rules = new CheckRules(config);
    this.#kept = { files, stamp, rules: rules.areClear ? rules : 'prefixes' };
    return this.#kept.rules;
  }

  #load(): CsyncConfig {
    const { configName, hostName, systemDirectory } = this.#instance;
    return loadConfig({
      ...{ systemDirectory, hostName },
      ...(configName === undefined ? {} : { configName }),
    });
  }
}

interface Kept {
  readonly files: readonly string[];
  readonly stamp: string;
  readonly rules: CheckRules | Fallback;
}

/** The file that a program's name stands for, as execvp(3) finds it. */
function fileOf(program: string): string {
  if (program.includes('/')) return program;
  const directories = (process.env.PATH ?? '').split(':').filter((directory) => directory !== '');
  const files = directories.map((directory) => join(directory, program));
  return files.find((file) => existsSync(file)) ?? program;
}

function filesOf({ files, groups }: CsyncConfig): string[] {
  return [...new Set([...files, ...groups.map(({ keyFile }) => keyFile)])];
}

function stampOf(files: readonly string[]): string {
  const stamps = files.map((file) => {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    return stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ') : '';
  });
  return stamps.join('\n');
}
