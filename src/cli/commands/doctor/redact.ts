import { isAbsolute, join } from 'node:path';

/**
 * Makes a csync2 configuration safe to share. Removes key files, commands, passwords and comments.
 * Lines stay where they are.
 */
export function redactedConfig(text: string): string {
  return withoutPasswords(
    withoutComments(text)
      .replace(/\bkey(\s+)("[^"]*"|[^\s;{}]+)/g, 'key$1<removed>')
      .replace(/\bexec(\s+)("[^"]*"|[^;{}]+)/g, 'exec$1<removed>'),
  );
}

/** The paths of the key files that a configuration names, even an invalid one. */
export function keyFilesOf(text: string, systemDirectory: string): string[] {
  return [...withoutComments(text).matchAll(/\bkey\s+(?:"([^"]*)"|([^\s;{}]+))/g)].map(
    ([, quoted, bare]) => {
      const name = quoted ?? bare ?? '';
      return isAbsolute(name) ? name : join(systemDirectory, name);
    },
  );
}

/** Removes the given secrets, passwords in URLs, and characters that could control a terminal. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const shown = secrets
    .filter((secret) => secret.length >= shortestSecret)
    .reduce((rest, secret) => rest.replaceAll(secret, '<key removed>'), text);
  return withoutPasswords(shown).replace(/[^\P{Cc}\n\t]/gu, hexadecimal);
}

function hexadecimal(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** Finds `scheme://user:password@host`, and `password=…` as in connection strings. */
function withoutPasswords(text: string): string {
  return text
    .replace(/(:\/\/[^\s:/@"']*):[^\s@"']*@/g, '$1:<removed>@')
    .replace(
      /\b(pass(?:word|wd)?|secret|token)(\s*[=:]\s*)("[^"]*"|[^\s;&"']+)/gi,
      '$1$2<removed>',
    );
}

/** Removes comments, which can hold anything. A `#` in quotes begins no comment. */
function withoutComments(text: string): string {
  return text.replace(/("[^"\n]*")|#[^\n]*/g, (_, quoted: string | undefined) => quoted ?? '#');
}

/** Shorter secrets would also match harmless words. */
const shortestSecret = 16;
