import { parse, TomlError } from 'smol-toml';
import { exitCodes } from '../errors.js';
import { SettingsFileError } from './errors.js';

/** The settings file that is read unless another is named. */
export const defaultSettingsFile = '/etc/inotify-csync.toml';

/** The variable that names the settings file. */
export const configVariable = 'INOTIFY_CSYNC_CONFIG';

/** A value in a settings file, and its line, counted from 1, if known. */
export interface FileValue {
  readonly value: unknown;
  readonly line: number | undefined;
}

/**
 * Reads the settings file (TOML), which may be missing unless it was named. Returns its top-level
 * keys in their order. Throws SettingsFileError.
 */
export function readSettingsFile(
  named: string | undefined,
  readFile: (path: string) => string,
): { readonly path: string; readonly values: ReadonlyMap<string, FileValue> } | undefined {
  const path = named ?? defaultSettingsFile;
  const text = readText(path, named !== undefined, readFile);
  if (text === undefined) return undefined;
  const table = parseToml(path, text);
  const values = Object.entries(table).map(
    ([key, value]) => [key, { value, line: lineOf(text, key) }] as const,
  );
  return { path, values: new Map(values) };
}

function readText(
  path: string,
  mustExist: boolean,
  readFile: (path: string) => string,
): string | undefined {
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' && !mustExist) return undefined;
    if (code === 'ENOENT') {
      const hint = 'create it, or name another one with --config or $INOTIFY_CSYNC_CONFIG';
      throw new SettingsFileError(path, 'there is no such settings file', exitCodes.noInput, hint, {
        cause,
      });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      const hint =
        'run as a user who may read it (usually root), or name another one with --config';
      throw new SettingsFileError(path, 'permission denied', exitCodes.noPermission, hint, {
        cause,
      });
    }
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new SettingsFileError(
      path,
      `can't be read: ${text}`,
      exitCodes.noInput,
      'name another one with --config',
      { cause },
    );
  }
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n');
    const shown = text.split('\n')[cause.line - 1]?.trim() ?? '';
    const message = `not valid TOML: ${what}`;
    const hint = `the line is: ${shown}   (texts need quotes: csync2 = "/usr/sbin/csync2")`;
    throw new SettingsFileError(`${path}:${cause.line}`, message, exitCodes.config, hint, {
      cause,
    });
  }
}

/**
 * Finds the line of a key, because the TOML parser doesn't return it. The first line that begins
 * with the key is right except inside a multi-line text.
 */
function lineOf(text: string, key: string): number | undefined {
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const shape = new RegExp(`^\\s*(\\[+\\s*)?["']?${escaped}["']?\\s*[=.\\]]`);
  const index = text.split('\n').findIndex((line) => shape.test(line));
  return index < 0 ? undefined : index + 1;
}
