// docs/troubleshooting.md: what the messages mean and what to do, from
// systemd/inotify-csync.catalog.

import { readCatalog } from './catalog.mjs';
import { anchor, code, list, page, paragraph, sentence, table } from './markdown.mjs';

export function troubleshootingPage() {
  const entries = readCatalog();
  const wanting = entries.filter(needsAction);
  const messages = wanting.flatMap((entry) => entry.messages.map((message) => [message, entry]));
  messages.sort(([one], [other]) => (sortKey(one) < sortKey(other) ? -1 : 1));
  return page('Troubleshooting', 'systemd/inotify-csync.catalog', [
    paragraph('Find the message in this table, or start with what the host itself says:'),
    [
      '```sh',
      'inotify-csync status                      # what is wrong now, and what to do',
      'journalctl -x -u inotify-csync -p warning # the messages, each with the text of this page',
      'inotify-csync check-config                # mistakes in the settings, csync2.cfg and this host',
      '```',
    ].join('\n'),
    paragraph(`Words in capitals stand for names and numbers: ${code('PEER')} for a host, ${code('PATH')} for a
      file or directory, ${code('REASON')} for one of the [reasons](reference/journal-fields.md#reasons).`),
    table(
      ['message', 'see'],
      messages.map(([message, { subject }]) => [code(message), `[${subject}](#${anchor(subject)})`]),
    ),
    ...wanting.flatMap(section),
    '## Messages that need no action',
    table(['message', 'meaning'], entries.filter((entry) => !needsAction(entry)).map(calmRow)),
  ]);
}

function section({ id, messages, subject, text, todo }) {
  return [
    `## ${subject}`,
    ...(messages.length > 0 ? [list(messages.map(code))] : []),
    ...text.map(paragraph),
    paragraph(`**What to do:** ${todo}`),
    paragraph(`In the journal: ${code(`journalctl MESSAGE_ID=${id}`)}`),
  ];
}

function calmRow({ messages, subject, text }) {
  return [messages.map(code).join(', ') || subject, sentence(text.join(' '))];
}

function needsAction({ todo }) {
  return todo !== 'nothing.';
}

/** Placeholders at the beginning don't count. */
function sortKey(message) {
  return message.replace(/^[^a-z]+/, '').toLowerCase();
}
