import { type LoadOptions, loadConfig } from '#src/csync2/cfg/load.js';
import type { CsyncConfig } from '#src/csync2/cfg/model.js';
import type { InotifyCsyncError } from '#src/errors.js';

const key = `${'k'.repeat(64)}\n`;

/** Files in memory; /etc/csync2.key is always there. Throws as fs does for others. */
export function reader(files: Record<string, string>): (path: string) => Buffer {
  const all: Record<string, string> = { '/etc/csync2.key': key, ...files };
  return (path) => {
    const content = all[path];
    if (content === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return Buffer.from(content, 'latin1');
  };
}

/** Reads `text` as /etc/csync2.cfg on host `me`. */
export function configOf(
  text: string,
  more: Partial<LoadOptions> & { files?: Record<string, string> } = {},
): CsyncConfig {
  const { files = {}, ...options } = more;
  const readFile = reader({ '/etc/csync2.cfg': text, ...files });
  return loadConfig({ systemDirectory: '/etc', hostName: 'me', readFile, ...options });
}

/** What `configOf` throws, as one line for people: `message | hint`. */
export function refusalOf(text: string, more: Parameters<typeof configOf>[1] = {}): string {
  try {
    configOf(text, more);
  } catch (error) {
    const { message, hint } = error as InotifyCsyncError;
    return `${message} | ${hint}`;
  }
  return 'accepted';
}
