import { exitCodes, InotifyCsyncError } from '../errors.js';
import { type Origin, originText } from './origin.js';

/** A setting has an invalid value. */
export class SettingError extends InotifyCsyncError {
  constructor(name: string, origin: Origin, message: string, hint: string) {
    const exitCode = origin.kind === 'flag' ? exitCodes.usage : exitCodes.config;
    // A flag or variable names the setting, a line of a file doesn't.
    const place = origin.kind === 'file' ? `${originText(origin)}: ${name}` : originText(origin);
    super('ICS_SETTING', exitCode, `${place}: ${message}`, hint);
  }
}

/** There is no such setting. */
export class UnknownSettingError extends InotifyCsyncError {
  constructor(name: string, origin: Origin, meant: string | undefined, known: readonly string[]) {
    super(
      'ICS_SETTING_UNKNOWN',
      origin.kind === 'flag' ? exitCodes.usage : exitCodes.config,
      `${originText(origin)}: there is no setting ${JSON.stringify(name)}`,
      meant ? `did you mean ${meant}?` : `the settings are ${known.join(', ')}`,
    );
  }
}

/** The settings file can't be read. */
export class SettingsFileError extends InotifyCsyncError {
  constructor(
    file: string,
    message: string,
    exitCode: number,
    hint: string,
    options?: ErrorOptions,
  ) {
    super('ICS_SETTINGS_FILE', exitCode, `${file}: ${message}`, hint, options);
  }
}
