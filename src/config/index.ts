export {
  Csync2OptionError,
  type Csync2Options,
  parseCsync2Options,
  wordsOfOption,
} from './csync2-options.js';
export { SettingError, SettingsFileError, UnknownSettingError } from './errors.js';
export { type LoadedSettings, type LoadSettingsOptions, loadSettings } from './load.js';
export { type Origin, originText } from './origin.js';
export { runtimeDirectory } from './runtime-directory.js';
export {
  flagOf,
  propertyOf,
  type SettingName,
  type Settings,
  settingDefinitions,
  settingNames,
  variableOf,
} from './settings.js';
export { configVariable, defaultSettingsFile } from './settings-file.js';
