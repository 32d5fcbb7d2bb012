// docs/reference/journal-fields.md: from src/observe/journal-entry.ts, message-ids.ts and the
// catalog.

import { readCatalog } from './catalog.mjs';
import { fieldsOf } from './declarations.mjs';
import { anchor, code, page, paragraph, sentence, table } from './markdown.mjs';

const dist = new URL('../../../dist/', import.meta.url);
const { priorities } = await import(new URL('observe/levels.js', dist));
const { outcomeText } = await import(new URL('csync2/run/result.js', dist));

export function journalFieldsPage() {
  return page('Journal fields', 'src/observe/journal-entry.ts and systemd/inotify-csync.catalog', [
    paragraph('Entries have fields, so that you can search by field instead of text:'),
    [
      '```sh',
      'journalctl -u inotify-csync PEER=web2                   # everything about one peer',
      'journalctl MESSAGE_ID=0115549d54f54f8799860867d618b0b2  # peers that went down',
      'journalctl -u inotify-csync -o json --output-fields=MESSAGE,PEER,REASON,DURATION_MS',
      '```',
    ].join('\n'),
    paragraph(`The journal does not list single files that arrive. A persistent problem is logged at once, again
      after 1, 5 and 15 minutes and then every 60 minutes, with the number of occurrences, and once when it is
      over, with its duration. Without systemd, or if the journal's socket cannot be used, the same lines go to stderr.`),
    '## Fields',
    table(['field', ''], fieldsOf('LogFields').map(fieldRow)),
    paragraph(
      `${code('PRIORITY')} is ${Object.entries(priorities)
        .map(([level, number]) => `${number} for ${level}`)
        .join(', ')}.`,
    ),
    '## Events',
    paragraph(`${code('journalctl -x')} explains each entry that has a ${code('MESSAGE_ID')}; so does
      [troubleshooting.md](../troubleshooting.md).`),
    table(
      ['event', code('MESSAGE_ID')],
      readCatalog().map(({ id, subject, todo }) => [eventCell(subject, todo), code(id)]),
    ),
    '## Reasons',
    paragraph(`${code('REASON')} of entries about a peer, a file or a check, and ${code('reason')} in
      ${code('status --json')}:`),
    table(
      ['reason', 'meaning'],
      Object.entries(outcomeText)
        .filter(([word]) => word !== 'done')
        .map(([word, text]) => [code(word), sentence(text)]),
    ),
  ]);
}

function fieldRow({ meaning }) {
  const [, field, text] = /^`([A-Z_]+)=`: (.*)$/.exec(meaning);
  return [code(field), sentence(text)];
}

function eventCell(subject, todo) {
  return todo === 'nothing.' ? subject : `[${subject}](../troubleshooting.md#${anchor(subject)})`;
}
