import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { crc32cHex } from '#src/queue/crc32c.js';
import { CheckRecord } from '#src/sync/check/torn/check-record.js';
import { TornChecks } from '#src/sync/check/torn/torn-checks.js';
import type { Scope } from '#src/sync/common/batch.js';

describe('torn checks', () => {
  test('a check that ends whole leaves nothing unmarked', (context) => {
    const { open, note } = setUp(context);
    const torn = open();
    const begun = torn.begin(files('/a'));
    note('/a');
    torn.end(begun, false);
    assert.deepEqual(torn.unmarked, files());
    assert.deepEqual(open().unmarked, files(), 'nor after a restart');
  });

  test('what was noted in a torn one is unmarked until it is marked, and nothing that it was not given', (context) => {
    const { open, note } = setUp(context, ['/a', '/old']);
    const torn = open();
    const begun = torn.begin({ files: files('/a', '/b').files, trees: files('/t').files });
    for (const path of ['/a', '/t/deep', '/received']) note(path);
    torn.end(begun, true);
    assert.deepEqual(shown(torn.unmarked), ['/a', '/t/deep']);
    // We end before csync2 has marked them.
    const next = open();
    assert.deepEqual(shown(next.unmarked), ['/a', '/t/deep']);
    next.forgetMarked(files('/a', '/t/deep'));
    assert.deepEqual(shown(open().unmarked), []);
  });

  test('we end together with csync2', (context) => {
    const { open, note } = setUp(context, ['/a', '/old']);
    open().begin(files('/a'));
    note('/a');
    note('/received');
    assert.deepEqual(shown(open().unmarked), ['/a']);
  });

  test('a note that gets the number of the one that it replaces is seen all the same', (context) => {
    const { open, note, notes } = setUp(context, ['/old', '/a']);
    const torn = open();
    const begun = torn.begin(files('/a'));
    notes.shift();
    note('/a');
    torn.end(begun, true);
    assert.deepEqual(shown(torn.unmarked), ['/a']);
  });

  test('what is unmarked anyway is kept along with it', (context) => {
    const { open } = setUp(context);
    const torn = open();
    torn.add({ files: files('/marked').files, trees: files('/tree').files });
    torn.begin(files('/a'));
    assert.deepEqual(shown(open().unmarked), ['/marked', '/tree/']);
  });

  test('where the database cannot be read, all that was given is unmarked', (context) => {
    const { record } = setUp(context);
    const torn = new TornChecks({ newest: undefined, record: new CheckRecord(record, 'boot') });
    torn.begin({ files: files('/a').files, trees: files('/t').files });
    const next = new TornChecks({ newest: undefined, record: new CheckRecord(record, 'boot') });
    assert.deepEqual(shown(next.unmarked), ['/a', '/t/']);
  });

  test('a record of an earlier version is read', (context) => {
    const { open, record } = setUp(context);
    const json = JSON.stringify({ boot: 'boot', owed: { files: ['/a'], trees: ['/t'] } });
    writeFileSync(record, `${crc32cHex(json)} ${json}\n`);
    const torn = open();
    torn.recover();
    assert.deepEqual(shown(torn.unmarked), ['/a', '/t/']);
  });

  test('after an unclean stop of the machine, or with a damaged record, what was noted last is unmarked', (context) => {
    const { open, record } = setUp(context, ['/a', '/b']);
    open().begin(files('/a'));
    const afterBoot = open('another boot');
    afterBoot.recover();
    assert.deepEqual(shown(afterBoot.unmarked), ['/a', '/b']);
    writeFileSync(record, '{"boot":');
    const damaged = open();
    damaged.recover();
    assert.deepEqual(shown(damaged.unmarked), ['/a', '/b']);
    // All is well known again.
    damaged.forgetMarked(damaged.unmarked);
    const next = open();
    next.recover();
    assert.deepEqual(shown(next.unmarked), []);
  });

  test('a record with any bit flipped, or cut anywhere, is not believed: what was noted last is unmarked', (context) => {
    const { open, record } = setUp(context, ['/a', '/b']);
    open().add(files('/unmarked'));
    const image = readFileSync(record);
    for (let bit = 0; bit < (image.length - 1) * 8; bit += 1) {
      const bytes = Buffer.from(image);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(record, bytes);
      assert.deepEqual(shown(open().unmarked), ['/a', '/b'], `bit ${bit}: ${bytes}`);
    }
    for (let length = 0; length < image.length - 1; length += 1) {
      writeFileSync(record, image.subarray(0, length));
      assert.deepEqual(shown(open().unmarked), ['/a', '/b'], `length ${length}`);
    }
  });

  test('a record that cannot be written is no trouble', () => {
    const torn = new TornChecks({
      newest: () => [],
      record: new CheckRecord('/proc/self/nothing', 'boot'),
    });
    torn.end(torn.begin(files('/a')), true);
    assert.deepEqual(torn.unmarked, files());
  });

  test('names of any bytes outlive a restart', (context) => {
    const { open } = setUp(context);
    const name = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1));
    open().add({ files: [name], trees: [] });
    assert.deepEqual(open().unmarked.files, [name]);
  });
});

/** A database in which `known` is noted, and what it takes to begin and end. */
function setUp(context: TestContext, known: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'torn-checks-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const record = join(folder, 'record');
  const notes: { id: string; path: Buffer }[] = [];
  let changes = 0;
  const note = (path: string) => {
    changes++;
    notes.unshift({ id: `${notes.length + 1} ${path} ${changes}`, path: Buffer.from(path) });
  };
  known.forEach(note);
  const open = (boot = 'boot') =>
    new TornChecks({
      newest: (limit) => notes.slice(0, limit),
      record: new CheckRecord(record, boot),
    });
  return { open, note, notes, record };
}

function files(...paths: readonly string[]): Scope {
  return { files: paths.map((path) => Buffer.from(path)), trees: [] };
}

function shown({ files, trees }: Scope): string[] {
  return [...files.map(String), ...trees.map((path) => `${path}/`)].sort();
}
