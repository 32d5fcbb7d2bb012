import { propertyOf, type SettingName, type Settings } from './settings.js';

/**
 * The settings of parts that outlive a reload, namely the queue, the csync2 server and its log, and
 * the sockets.
 */
export const settingsFixedUntilRestart: readonly SettingName[] = [
  'queue_file',
  'num_lines_until_reset',
  'csync_log',
  'cfg_path',
  'cfg_file',
  'server',
  'csync2',
  'runtime_directory',
  'metrics_listen',
  'log_level',
  'csync2_options',
];

/** The settings that differ and need a restart to take effect. */
export function restartNeeded(before: Settings, after: Settings): SettingName[] {
  return settingsFixedUntilRestart.filter((name) => {
    const property = propertyOf(name);
    return JSON.stringify(before[property]) !== JSON.stringify(after[property]);
  });
}
