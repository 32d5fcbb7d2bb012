// The journal's catalog as objects.

import { readFileSync } from 'node:fs';

/**
 * Each entry of systemd/inotify-csync.catalog, in its order:
 * `{ id, messages, subject, text, todo }`.
 */
export function readCatalog() {
  const lines = readFileSync(new URL('../../../systemd/inotify-csync.catalog', import.meta.url), 'utf8').split('\n');
  const entries = [];
  let messages = [];
  for (const line of lines) {
    const [, message] = /^# Message: (.*)$/.exec(line) ?? [];
    const [, id] = /^-- ([0-9a-f]{32})$/.exec(line) ?? [];
    if (message !== undefined) messages.push(message);
    else if (id !== undefined) {
      entries.push({ id, messages, lines: [] });
      messages = [];
    } else if (!line.startsWith('#')) entries.at(-1)?.lines.push(line);
  }
  return entries.map(({ id, messages: own, lines: body }) => {
    const [head, ...paragraphs] = body.join('\n').trim().split('\n\n');
    const todo = paragraphs.findIndex((text) => text.startsWith('What to do: '));
    return {
      id,
      messages: own,
      subject: plain(/^Subject: (.*)$/m.exec(head)[1]),
      text: paragraphs.slice(0, todo).map(plain),
      todo: paragraphs.slice(todo).map(plain).join('\n\n').slice('What to do: '.length),
    };
  });
}

/** `@PEER@`, which journalctl fills in, as `PEER`. */
function plain(text) {
  return text.replace(/@([A-Z_]+)@/g, '$1').replaceAll('\n', ' ');
}
