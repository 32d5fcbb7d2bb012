import { CsyncConfigDeniedError, CsyncConfigError } from './errors.js';
import type { ReadFile, Token } from './tokens.js';

const lineBuffer = 1024;
const minimumLength = 32;

/**
 * Checks a group's key file as csync2 does while it reads the configuration, also for groups
 * without this host. Only its first line counts. It must have at least 32 of the characters A-Z,
 * a-z, 0-9, `.` and `_`. Returns the file's path and does not keep the key. Throws
 * CsyncConfigError, CsyncConfigDeniedError.
 */
export function readKeyFile(token: Token, systemDirectory: string, read: ReadFile): string {
  const file = keyFileOf(token, systemDirectory);
  let bytes: Buffer;
  try {
    bytes = read(file);
    if (bytes.length === 0) throw new Error('it is empty');
  } catch (cause) {
    if (CsyncConfigDeniedError.isCause(cause)) {
      throw new CsyncConfigDeniedError(file, 'the key file', token.place, cause);
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CsyncConfigError(
      'keyUnreadable',
      token.place,
      `cannot read the key file ${file}: ${reason}`,
      `copy it from another host of the group; only for the first host of a new group create it with \`csync2 -k ${file}\``,
      { cause },
    );
  }
  // fgets(3) stops at the newline or when its buffer is full; the C string also ends at a NUL.
  const key = bytes
    .subarray(0, lineBuffer - 1)
    .toString('latin1')
    .split(/[\n\0]/, 1)[0] as string;
  const wrong = /[^A-Za-z0-9._]/.exec(key);
  if (wrong) {
    const code = wrong[0].charCodeAt(0).toString(16).padStart(2, '0');
    const hint =
      wrong[0] === '\r'
        ? 'the file has Windows line endings: remove the carriage return'
        : `create a new one with \`csync2 -k ${file}\` and copy it to every host of the group`;
    throw new CsyncConfigError(
      'keyCharacter',
      token.place,
      `character 0x${code} is not allowed in the key file ${file}`,
      hint,
    );
  }
  if (key.length < minimumLength) {
    throw new CsyncConfigError(
      'keyShort',
      token.place,
      `the key in ${file} has ${key.length} characters; csync2 requires at least ${minimumLength}`,
      `create a new one with \`csync2 -k ${file}\` and copy it to every host of the group`,
    );
  }
  return file;
}

/** The path of a group's key file; a relative one begins at csync2's system directory. */
export function keyFileOf(token: Token, systemDirectory: string): string {
  const name = token.text.toString('utf8');
  return name === '' || name.startsWith('/') ? name : `${systemDirectory}/${name}`;
}
