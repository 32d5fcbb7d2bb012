import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. This file runs as build/test/support/documents.js. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** A page of documentation. */
export interface Page {
  /** Below the repository. */
  readonly file: string;
  readonly text: string;
}

/** A block of code on a page. */
export interface CodeBlock {
  /** Of its first line of code. */
  readonly line: number;
  /** The words after the fence: the language, and what else stands there. */
  readonly info: readonly string[];
  readonly code: string;
}

/** All pages: those of docs, and those beside it. */
export function readPages(): Page[] {
  const within = readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' });
  const files = within.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`);
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...files.sort()].map(readPage);
}

/** One page. */
export function readPage(file: string): Page {
  return { file, text: readFileSync(join(repository, file), 'utf8') };
}

/** The blocks of code of a page, in their order. */
export function codeBlocks({ text }: Page): CodeBlock[] {
  const blocks = text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(({ index, 1: info = '', 2: code = '' }) => ({
    line: text.slice(0, index).split('\n').length + 1,
    info: info.split(' ').filter((word) => word !== ''),
    code,
  }));
}

/** The text of a page without its blocks of code. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```.*\n[\s\S]*?^```$/gm, '');
}
