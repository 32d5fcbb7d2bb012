// docs/reference/status-json.md: every field of `status --json`, from src/observe/status.ts.

import { fieldsOf } from './declarations.mjs';
import { code, page, paragraph, table } from './markdown.mjs';

const dist = new URL('../../../dist/', import.meta.url);
const { laneStateText } = await import(new URL('sync/push/lane.js', dist));
const { rootStateText } = await import(new URL('sync/guard/place-judgement.js', dist));
const { schedulerStateText } = await import(new URL('sync/scheduler.js', dist));
const { serverStateText } = await import(new URL('csync2/server/server.js', dist));

export function statusJsonPage() {
  return page('Status in JSON', 'src/observe/status.ts', [
    paragraph(`${code('inotify-csync status --json')} prints one object on one line. Its exit status is 0 if the
      service is healthy, 1 if it is degraded and 3 if it is not running; then the object is an error.`),
    ['```sh', "inotify-csync status --json | jq '.peers[] | {name, health, pending}'", '```'].join('\n'),
    paragraph(`Fields that end in ${code('_s')} are seconds, with fractions. In paths, bytes that cannot be shown
      are ${code('\\xHH')}, and long paths are shortened. ${code('peers[].name')} is the field ${code('name')} of
      each object in the list ${code('peers')}.`),
    '## Fields',
    table(
      ['field', 'type', 'meaning'],
      fieldsOf('Status').map(({ name, type, meaning }) => [code(name), type, meaning]),
    ),
    '## Words',
    words('state', schedulerStateText),
    words('roots[].state', rootStateText),
    words('peers[].state', laneStateText),
    words('server.state', serverStateText),
    paragraph(`The words of ${code('peers[].reason')} are in [journal-fields.md](journal-fields.md#reasons).`),
  ]);
}

function words(field, texts) {
  return table(
    [code(field), ''],
    Object.entries(texts).map(([word, text]) => [code(word), text]),
  );
}
