// The parts of the manual pages that follow from the program: settings, commands, exit codes, in
// roff (man(7)).
//
//   node scripts/lib/man-parts.mjs PAGE         prints PAGE with its parts made again
//   node scripts/lib/man-parts.mjs --write PAGE…   writes them

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const dist = new URL('../../dist/', import.meta.url);
const { settingDefinitions, settingNames, flagOf, variableOf } = await import(new URL('config/index.js', dist));
const { exitCodes } = await import(new URL('errors.js', dist));
const { exitStatusText } = await import(new URL('cli/exit-status.js', dist));

/** A page with everything between `.\" begin NAME` and `.\" end NAME` made again. */
export function withParts(page) {
  return page.replace(/^\.\\" begin (\S+)\n[^]*?^\.\\" end \1$/gm, (_, name) => {
    if (!parts[name]) throw new Error(`there is no part ${name}`);
    return [`.\\" begin ${name}`, ...parts[name](), `.\\" end ${name}`].join('\n');
  });
}

const parts = {
  settings: () =>
    settingNames.flatMap((name) => {
      const { description, expects, default: value } = settingDefinitions[name];
      return ['.TP', `.BI ${roff(name)} " = " ${roff(argumentOf(name))}`, `${sentence(description)}`, '.br',
        `${capital(roff(expects))}. Default:`, `.BR ${roff(JSON.stringify(value)).replaceAll('"', '\\(dq')} .`];
    }),
  flags: () =>
    settingNames
      .filter((name) => name !== 'csync2_options')
      .flatMap((name) => ['.TP', `.BI ${roff(flagOf(name))} " ${roff(argumentOf(name))}"`, sentence(settingDefinitions[name].description)]),
  variables: () => settingNames.flatMap((name) => ['.TP', `.B ${roff(variableOf(name))}`, `As`, `.B ${roff(name)}`, 'in the settings file.']),
  'exit-status': () =>
    exitStatusText(Object.keys(exitCodes))
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, code, text] = /^\s*(\d+)\s+(.*)$/.exec(line);
        return ['.TP', `.B ${code}`, capital(roff(text)).replace(/\.?$/, '.')];
      }),
  commands: () => commandLines().flatMap(([words, text]) => ['.TP', `.B ${roff(words)}`, sentence(text)]),
};

/**
 * The commands as the help of the program lists them, a line that was broken made whole: the words,
 * and what it does.
 */
export function commandLines() {
  const help = execFileSync(process.execPath, [new URL('cli/main.js', dist).pathname, '--help'], { encoding: 'utf8' });
  const block = /^Commands:\n([^]*?)\n\n/m.exec(help)[1].replace(/\n {20,}/g, ' ');
  return block.split('\n').map((line) => {
    const [, words, text] = /^\s*inotify-csync (.*?)\s{2,}(.*)$/.exec(line);
    return [words, text.replace(/\s*\[default\]$/, '')];
  });
}

function argumentOf(name) {
  return settingDefinitions[name].argument;
}

function sentence(text) {
  return capital(roff(text)).replace(/\.?$/, '.');
}

function capital(text) {
  return /^(csync2|inotify|true)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function roff(text) {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq').replace(/^\./, '\\&.');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const words = process.argv.slice(2);
  const write = words[0] === '--write';
  for (const file of write ? words.slice(1) : words) {
    const page = withParts(readFileSync(file, 'utf8'));
    if (write) writeFileSync(file, page);
    else process.stdout.write(page);
  }
}
