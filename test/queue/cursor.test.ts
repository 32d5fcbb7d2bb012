import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CursorFile,
  type CursorState,
  cursorBytes,
  decodeCursor,
  decodeSlot,
  encodeSlot,
  slotOffsets,
} from '#src/queue/cursor.js';
import { realFiles } from '#src/queue/files.js';
import {
  abandon,
  brokenFiles,
  errno,
  file,
  openQueue,
  seeded,
  temporaryFolder,
} from './support.js';

const end = { segment: 8, offset: 99, sequence: 20 };
const states: CursorState[] = [
  {
    position: { segment: 1, offset: 0, sequence: 1 },
    stop: 'clean',
    due: undefined,
    end: { segment: 1, offset: 0, sequence: 1 },
  },
  {
    position: { segment: 999999, offset: 2 ** 40, sequence: 2 ** 49 },
    stop: 'running',
    due: undefined,
    end: { segment: 2 ** 49, offset: 2 ** 49, sequence: 2 ** 49 },
  },
  {
    position: { segment: 7, offset: 8, sequence: 9 },
    stop: 'running',
    due: { since: 1700000000000, reason: 'ünclean %\n' },
    end,
  },
  {
    position: { segment: 7, offset: 8, sequence: 9 },
    stop: 'clean',
    due: { since: 1, reason: '' },
    end,
  },
];

test('a slot holds what was put into it, as readable text of one sector', () => {
  for (const state of states) {
    const slot = encodeSlot(5, state);
    assert.equal(slot.length, 512);
    assert.deepEqual(decodeSlot(slot), { generation: 5, state });
    assert.match(slot.toString('latin1'), /^inotify-csync-cursor 1 5 .* [0-9a-f]{8}\n$/);
  }
});

test('a reason that is too long is cut between characters', () => {
  for (const unit of ['x', 'é', '漢', '😀', '\n', ' ']) {
    for (let pad = 0; pad < 13; pad += 1) {
      const reason = 'a'.repeat(pad) + unit.repeat(400);
      const state: CursorState = { ...(states[0] as CursorState), due: { since: 1, reason } };
      const decoded = decodeSlot(encodeSlot(1, state))?.state.due?.reason;
      assert.ok(
        decoded !== undefined && decoded.length > 50 && reason.startsWith(decoded),
        JSON.stringify(decoded),
      );
    }
  }
});

/** A cursor file as it is after several writes: generation 4 in the first slot, 5 in the second. */
function cursorImage(): Buffer {
  const image = Buffer.alloc(cursorBytes);
  encodeSlot(4, { ...(states[0] as CursorState), stop: 'clean' }).copy(image, slotOffsets[0]);
  encodeSlot(5, states[2] as CursorState).copy(image, slotOffsets[1]);
  return image;
}

test('every single flipped bit of the cursor is seen, and one slot is left', () => {
  const image = cursorImage();
  const intact = decodeCursor(image);
  assert.equal(intact.health, 'whole');
  assert.deepEqual(intact.state, states[2]);
  for (let bit = 0; bit < image.length * 8; bit += 1) {
    const at = bit >> 3;
    image[at] = (image[at] as number) ^ (1 << (bit & 7));
    const found = decodeCursor(image);
    if (at < 512) assert.deepEqual([found.health, found.generation], ['one slot', 5], `bit ${bit}`);
    else if (at >= slotOffsets[1])
      assert.deepEqual([found.health, found.generation], ['one slot', 4], `bit ${bit}`);
    else assert.deepEqual(found, intact, `bit ${bit}`);
    image[at] = (image[at] as number) ^ (1 << (bit & 7));
  }
});

test('a cursor of any other length loses one slot or both, never more', () => {
  const image = cursorImage();
  for (let length = 0; length < image.length; length += 1) {
    const { health } = decodeCursor(image.subarray(0, length));
    assert.equal(
      health,
      length === 0 ? 'absent' : length < 512 ? 'none' : 'one slot',
      `length ${length}`,
    );
  }
});

test('the two slots are written in turn, and the younger one counts', (context) => {
  const path = join(temporaryFolder(context), 'cursor');
  const cursor = CursorFile.open(realFiles, path);
  assert.equal(cursor.health, 'absent');
  cursor.allocate(states[0] as CursorState);
  assert.equal(readFileSync(path).length, cursorBytes);
  for (let round = 1; round <= 5; round += 1) {
    const position = { segment: 1, offset: round, sequence: round };
    cursor.write({ position, stop: 'running', end });
    const image = readFileSync(path);
    assert.deepEqual(decodeCursor(image).state?.position, position);
    const generations = slotOffsets.map(
      (offset) => decodeSlot(image.subarray(offset, offset + 512))?.generation ?? 0,
    );
    assert.equal(Math.abs((generations[0] as number) - (generations[1] as number)), 1);
  }
  cursor.close();
});

test('a slot is not written while the other one is still on its way to the disk', (context) => {
  const calls: string[] = [];
  const files = brokenFiles((real) => ({
    write: (fd, bytes, position) => {
      calls.push(`write ${position}`);
      return real.write(fd, bytes, position);
    },
    sync: (fd) => {
      calls.push('sync');
      real.sync(fd);
    },
    syncLater: () => calls.push('sync later'),
  }));
  const cursor = CursorFile.open(files, join(temporaryFolder(context), 'cursor'));
  cursor.allocate(states[0] as CursorState);
  calls.length = 0;
  cursor.writeLater(states[1] as CursorState, () => {});
  cursor.write(states[2] as CursorState);
  assert.deepEqual(calls, ['write 0', 'sync later', 'sync', 'write 4096', 'sync']);
  cursor.close();
});

test('a failed write leaves the other slot', (context) => {
  const path = join(temporaryFolder(context), 'cursor');
  let broken = false;
  const files = brokenFiles((real) => ({
    write: (fd, bytes, position) => {
      if (!broken) return real.write(fd, bytes, position);
      if (bytes.length < 512) throw errno('EIO');
      return real.write(fd, bytes.subarray(0, 100), position);
    },
  }));
  const cursor = CursorFile.open(files, path);
  cursor.allocate(states[0] as CursorState);
  broken = true;
  for (let round = 0; round < 3; round += 1)
    assert.throws(() => cursor.write(states[2] as CursorState), /EIO/);
  assert.deepEqual(decodeCursor(readFileSync(path)).state, states[0]);
  broken = false;
  cursor.write(states[2] as CursorState);
  assert.deepEqual(decodeCursor(readFileSync(path)).state, states[2]);
  cursor.close();
});

test('with a damaged cursor nothing unread is lost, and a full check is due', (context) => {
  const random = seeded(1);
  const folder = temporaryFolder(context);
  const path = join(folder, 'queue.log.cursor');
  const queue = openQueue(folder);
  queue.append([file('/1'), file('/2'), file('/3')]);
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  queue.commit(queue.read({ records: 1, bytes: 1e6 })?.end ?? assert.fail());
  queue.close({ clean: true });
  const image = readFileSync(path);
  for (let round = 0; round < 200; round += 1) {
    const damaged = Buffer.from(image);
    const bit = Math.floor(random() * 8192);
    const at = (bit >> 3) + (bit < 4096 ? 0 : slotOffsets[1] - 512);
    damaged[at] = (damaged[at] as number) ^ (1 << (bit & 7));
    writeFileSync(path, damaged);
    const again = openQueue(folder);
    assert.match(again.recovery.reason ?? '', /one half of the cursor is damaged/);
    const left = again.read({ records: 10, bytes: 1e6 })?.entries.length ?? 0;
    assert.ok(left === 2 || left === 3, `bit ${bit}: ${left}`);
    abandon(again);
  }
  for (const length of [0, 1, 511, 512, 4096, 4607]) {
    writeFileSync(path, image.subarray(0, length));
    const again = openQueue(folder);
    assert.match(again.recovery.reason ?? '', /cursor/, `length ${length}`);
    assert.equal(readFileSync(path).length, cursorBytes);
    assert.ok((again.read({ records: 10, bytes: 1e6 })?.entries.length ?? 0) >= 2);
    abandon(again);
  }
});
