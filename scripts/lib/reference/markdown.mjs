// Pieces of a page in Markdown.

const width = 100;

/** A whole page. `source` names what it is made of. Each block is one string. */
export function page(title, source, blocks) {
  const note = `<!-- Made by scripts/lib/reference.mjs of what follows; edit that instead:\n     ${source} -->`;
  return `${[`# ${title}`, note, ...blocks].join('\n\n')}\n`;
}

/** A paragraph whose lines are no wider than a page may be. */
export function paragraph(text) {
  const lines = [''];
  for (const word of words(text)) {
    const last = lines.at(-1);
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
}

/** A table; a row is a list of cells. */
export function table(heads, rows) {
  const line = (cells) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

/** A list, one text a point. */
export function list(texts) {
  return texts.map((text) => paragraph(`- ${text}`).replaceAll('\n', '\n  ')).join('\n');
}

export function code(text) {
  return `\`${text}\``;
}

/** With a capital letter, unless it begins with a name that has none, and a full stop. */
export function sentence(text) {
  const begun = /^(csync2|inotify|`)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** What GitHub makes of a heading, for links to it. */
export function anchor(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** A piece of code is not broken, and `# `, say, must not begin a line. */
function words(text) {
  const found = text.split(/\s+/).filter((word) => word !== '');
  const joined = [];
  let isOpen = false;
  for (const word of found) {
    if (isOpen || (/^(#+|[-+*]|\d+[.)])$/.test(word) && joined.length > 1)) joined[joined.length - 1] += ` ${word}`;
    else joined.push(word);
    if (word.split('`').length % 2 === 0) isOpen = !isOpen;
  }
  return joined;
}
