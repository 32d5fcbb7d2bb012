// Fills a directory with a tree of small files, with progress on stderr.
//
//   populate.mjs DIRECTORY FILES [DIRECTORIES]    a hundred files a directory unless told otherwise

import { mkdirSync, writeFileSync } from 'node:fs';

const [root, filesText, directoriesText] = process.argv.slice(2);
const files = Number(filesText);
const directories = Number(directoriesText ?? Math.max(1, Math.ceil(files / 100)));
if (!root || !Number.isInteger(files) || !Number.isInteger(directories) || files < 0 || directories < 1) {
  process.stderr.write('usage: populate.mjs DIRECTORY FILES [DIRECTORIES]\n');
  process.exit(64);
}

// Two levels, so that no directory has more than about a hundred others in it.
const name = (number) => `${root}/${String(number % 64).padStart(2, '0')}/d${String(number).padStart(6, '0')}`;
for (let number = 0; number < directories; number += 1) mkdirSync(name(number), { recursive: true });

const started = Date.now();
let told = started;
for (let number = 0; number < files; number += 1) {
  const path = `${name(number % directories)}/f${String(number).padStart(6, '0')}`;
  writeFileSync(path, `file ${number}\n`.repeat(8 + (number % 64)));
  if (number % 1000 === 0 && Date.now() - told > 2000) {
    told = Date.now();
    process.stderr.write(`  ${number} of ${files} files\n`);
  }
}
