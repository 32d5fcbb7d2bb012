import { readFileSync } from 'node:fs';
import { type LoadedSettings, loadSettings } from '../config/index.js';
import type { CommandContext } from './context.js';
import { type ParsedFlags, settingTexts } from './setting-flags.js';

/**
 * Reads all settings for a command line made by `withSettingFlags`. Throws what `loadSettings`
 * throws.
 */
export function settingsOf(flags: ParsedFlags, context: CommandContext): LoadedSettings {
  return loadSettings({
    ...settingTexts(flags),
    csync2Arguments: context.csync2Arguments,
    environment: context.environment,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
}
