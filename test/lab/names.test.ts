import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

// Names are bytes: whatever the kernel allows arrives.
describe('hostile names', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.started(2);
    // A tree that is suddenly empty is taken for an unmounted disk.
    writeFileSync(`${lab.node(1).data}/stays`, '');
  });
  after(() => lab?.down());

  for (const [what, name] of Object.entries(hostileNames())) {
    test(what, async () => {
      const file = path(lab.node(1).data, name);
      writeFileSync(file, 'one\n');
      await lab.waitUntilEqual();
      writeFileSync(file, 'a second, longer text\n');
      await lab.waitUntilEqual();
      rmSync(file);
      mkdirSync(file);
      writeFileSync(Buffer.concat([file, Buffer.from('/'), name]), 'inside\n');
      await lab.waitUntilEqual();
      renameSync(file, path(lab.node(1).data, Buffer.from('moved away')));
      await lab.waitUntilEqual();
      rmSync(path(lab.node(1).data, Buffer.from('moved away')), { recursive: true });
      await lab.waitUntilEqual();
    });
  }

  test('all of them at once', async () => {
    for (const name of Object.values(hostileNames()))
      writeFileSync(path(lab.node(1).data, name), 'text\n');
    await lab.waitUntilEqual();
  });
});

function hostileNames(): Record<string, Buffer> {
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  return {
    'blanks at both ends': latin1('  both ends  '),
    'a single blank': latin1(' '),
    newline: latin1('first\nsecond\n'),
    'carriage return and tab': latin1('\ta\rb\t'),
    'percent signs': latin1('%41%%20%'),
    quotes: latin1('"double" \'single\' `back`'),
    'leading dash': latin1('-rf'),
    'two dashes': latin1('--'),
    backslashes: latin1('\\n\\'),
    'shell characters': latin1('$(touch x);*?[a]{b,c}|&<>!#~'),
    'characters of csync2.cfg': latin1('#;:@(){}'),
    'control characters': latin1('\x01\x1b[31m\x7f'),
    'invalid UTF-8': latin1('\xff\xfe\xc3('),
    UTF8: Buffer.from('Größe 日本 🙂'),
    'a temporary name of csync2': latin1('.name.AbC123'),
    dots: latin1('...'),
    '255 bytes': latin1('x'.repeat(255)),
    '255 bytes that are no UTF-8': latin1('\xe4'.repeat(255)),
  };
}

function path(directory: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), name]);
}
