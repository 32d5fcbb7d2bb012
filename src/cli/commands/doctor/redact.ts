import { isAbsolute, join } from 'node:path';

/**
 * A configuration of csync2 that may be shown: without key files, commands, passwords and comments.
 * Lines stay where they are.
 */
export function redactedConfig(text: string): string {
  return withoutPasswords(
    withoutComments(text)
      .replace(/\bkey(\s+)("[^"]*"|[^\s;{}]+)/g, 'key$1<removed>')
      .replace(/\bexec(\s+)("[^"]*"|[^;{}]+)/g, 'exec$1<removed>'),
  );
}

/** Where the key files lie that a configuration names, also if it is not a valid one. */
export function keyFilesOf(text: string, systemDirectory: string): string[] {
  return [...withoutComments(text).matchAll(/\bkey\s+(?:"([^"]*)"|([^\s;{}]+))/g)].map(
    ([, quoted, bare]) => {
      const name = quoted ?? bare ?? '';
      return isAbsolute(name) ? name : join(systemDirectory, name);
    },
  );
}

/**
 * A text without the given secrets, passwords in URLs, and characters that could drive a terminal.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const shown = secrets
    .filter((secret) => secret.length >= shortestSecret)
    .reduce((rest, secret) => rest.replaceAll(secret, '<key removed>'), text);
  return withoutPasswords(shown).replace(/[^\P{Cc}\n\t]/gu, hexadecimal);
}

function hexadecimal(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** `scheme://user:password@host`, and `password=…` as connection strings have it. */
function withoutPasswords(text: string): string {
  return text
    .replace(/(:\/\/[^\s:/@"']*):[^\s@"']*@/g, '$1:<removed>@')
    .replace(
      /\b(pass(?:word|wd)?|secret|token)(\s*[=:]\s*)("[^"]*"|[^\s;&"']+)/gi,
      '$1$2<removed>',
    );
}

/** A comment can hold anything. A `#` in quotes begins none. */
function withoutComments(text: string): string {
  return text.replace(/("[^"\n]*")|#[^\n]*/g, (_, quoted: string | undefined) => quoted ?? '#');
}

/** Shorter ones would be found in words that mean something else. */
const shortestSecret = 16;
