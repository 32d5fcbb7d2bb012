import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scanner } from '#src/csync2/cfg/tokens.js';
import { reader } from './support.js';

/** Words in quotes, all else bare. */
function scan(text: string, files: Record<string, string> = {}): string {
  const scanner = new Scanner('main', reader({ main: text, ...files }));
  const shown: string[] = [];
  for (let token = scanner.next(); token.kind !== 'end'; token = scanner.next()) {
    shown.push(token.kind === 'word' ? `'${token.text.toString('latin1')}'` : token.kind);
  }
  return shown.join(' ');
}

const cases: readonly [what: string, text: string, tokens: string][] = [
  ['blanks separate, of all four kinds', 'a\tb\r\nc d', "'a' 'b' 'c' 'd'"],
  ['form feed and vertical tab are part of a word', 'a\fb\vc', "'a\fb\vc'"],
  ['a brace inside a word stays there', 'group g{host', "group 'g{host'"],
  ['two braces are a word', '{} { }', "'{}' { }"],
  ['a semicolon needs no blank', 'x;}', "'x' ; }"],
  ['a final colon is none of the word', 'n: /p', "'n' : '/p'"],
  ['an inner colon is', 'n:/p ::1 fe80::1:', "'n:/p' '::1' 'fe80::1' :"],
  ['colons alone are single', '::', ': :'],
  ['at signs and parentheses end a word', 'a@b(c)d', "'a' @ 'b' ( 'c' ) 'd'"],
  ['a comment ends a word', 'ab#c\rd', "'ab' 'd'"],
  [
    'keywords are exact and case-sensitive',
    'host hosts Host do-local do-local-only do-localx',
    "host 'hosts' 'Host' do-local do-local-only 'do-localx'",
  ],
  ['a keyword before a colon is a keyword', 'group:', 'group :'],
  [
    'quotes hold anything, also lines and keywords',
    '"host" "a ;#\n{" "x\\"',
    "'host' 'a ;#\n{' 'x\\'",
  ],
  ['empty quotes are nothing', 'a"" b', "'a' 'b'"],
  ['quotes touch words without joining them', 'a"b"c', "'a' 'b' 'c'"],
  ['quotes that are never closed end with the file', 'a "b ; c', "'a' 'b ; c'"],
  ['a word ends at NUL, as C strings do', 'a\0b "\0"', "'a' ''"],
];
for (const [what, text, tokens] of cases) {
  test(what, () => assert.equal(scan(text), tokens));
}

test('included files stand between any two tokens, and the list goes on after each', () => {
  const files = { f: 'x "y', g: '', h: 'config f' };
  assert.equal(scan('a config f;b', files), "'a' 'x' 'y' 'b'");
  assert.equal(scan('a config\r\n f g\tf ; b', files), "'a' 'x' 'y' 'x' 'y' 'b'");
  assert.equal(scan('a config h f; ; b', files), "'a' 'x' 'y' 'x' 'y' ; 'b'");
  assert.equal(scan('a config;b'), "'a' 'b'");
  assert.equal(scan('a config f', files), "'a' 'x' 'y'");
});

test('places are lines of the own file; csync2 goes on counting through all files', () => {
  const scanner = new Scanner('main', reader({ main: 'a\nconfig f\n;\n"\n\nb"\nc', f: '\n\nx\n' }));
  const places = [scanner.next(), scanner.next(), scanner.next(), scanner.next()].map(
    ({ text, place, csync2Line }) => `${text} ${place.file}:${place.line} ${csync2Line}`,
  );
  assert.deepEqual(places, ['a main:1 1', 'x f:3 4', '\n\nb main:4 8', 'c main:7 9']);
  assert.equal(scanner.next().kind, 'end');
  assert.equal(scanner.next().kind, 'end');
  assert.deepEqual(scanner.files, ['main', 'f']);
});

test('ten included files may be open at once', () => {
  const files: Record<string, string> = {};
  for (let depth = 1; depth < 10; depth += 1) files[`f${depth}`] = `config f${depth + 1};`;
  assert.equal(scan('config f1;', { ...files, f10: 'x' }), "'x'");
  assert.throws(() => scan('\nconfig f1;', { ...files, f10: '\nconfig f11;', f11: 'x' }), {
    code: 'ICS_CSYNC2_CONFIG',
    fault: 'includeDepth',
    place: { file: 'f10', line: 2 },
  });
});

test('a missing included file is refused where it is named', () => {
  assert.throws(() => scan('a\nconfig "f" ;'), {
    fault: 'includeMissing',
    place: { file: 'main', line: 2 },
    exitCode: 78,
  });
});
