// Checks texts for people: words that are retired (retired-words.txt), and lines that are too wide.
//
//   node scripts/lint/prose.mjs [DIRECTORY]     of this repository, or of a copy of it
//
// Words are looked for in documentation, manual pages, the catalog and the string literals of src;
// widths in documentation. Prints `FILE:LINE: WHAT` for each finding and exits with 1 if there is
// one.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = process.argv[2] ?? join(here, '../..');
const width = 100;

/** A line of retired-words.txt: what is looked for, and what to write instead. */
const retired = readFileSync(join(here, 'retired-words.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [words, instead] = line.split('\t');
    return { pattern: new RegExp(String.raw`(?<![\w-])(?:${words})(?![\w-])`, 'i'), instead };
  });

const documents = ['README.md', 'CONTRIBUTING.md', ...namesIn('docs', '.md')];
const texts = [...documents, ...namesIn('man', ''), ...namesIn('systemd', '.catalog')];

const findings = [
  ...texts.flatMap((file) => wordsIn(file, linesOf(file))),
  ...namesIn('src', '.ts').flatMap((file) => wordsIn(file, literalsIn(file))),
  // What is renamed is named by its old word there.
  ...[...documents, 'CHANGELOG.md'].flatMap((file) => wideLinesIn(file)),
  ...['src', 'test', 'bench'].flatMap((folder) => namesIn(folder, '.ts')).flatMap(wideCommentsIn),
  ...namesIn('scripts', '.mjs').flatMap(wideCommentsIn),
  ...['.cc', '.h'].flatMap((ending) => namesIn('native', ending)).flatMap(tooWideIn),
];
for (const finding of findings) console.log(finding);
if (findings.length > 0) process.exitCode = 1;

function namesIn(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replace(/^\//, ''))
    .sort();
}

function linesOf(file) {
  return readFileSync(join(root, file), 'utf8')
    .split('\n')
    .map((text, index) => ({ text, line: index + 1 }));
}

/** The string literals of a source file, pieces of templates among them; not what it imports. */
function literalsIn(file) {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const found = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      found.push({ text: node.text, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function wordsIn(file, lines) {
  return lines.flatMap(({ text, line }) =>
    retired.flatMap(({ pattern, instead }) => {
      const found = pattern.exec(text)?.[0];
      return found === undefined ? [] : [`${file}:${line}: "${found}" is retired: write ${instead}`];
    }),
  );
}

/** Tables, code and lines of a single long word can't be broken. */
function wideLinesIn(file) {
  let isCode = false;
  return linesOf(file).flatMap((line) => {
    if (/^\s*```/.test(line.text)) isCode = !isCode;
    const isTable = line.text.startsWith('|');
    const words = line.text.trim().replace(/^([-*]|\d+\.)\s+/, '');
    return isCode || isTable || !/\S\s+\S/.test(words) ? [] : wideLine(file, line);
  });
}

function wideCommentsIn(file) {
  return linesOf(file).flatMap((line) =>
    /^\s*(\/\/|\/\*\*? |\* )/.test(line.text) ? wideLine(file, line) : [],
  );
}

function tooWideIn(file) {
  return linesOf(file).flatMap((line) => wideLine(file, line));
}

function wideLine(file, { line, text }) {
  return text.length > width ? [`${file}:${line}: ${text.length} columns, ${width} at most`] : [];
}
