import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CheckJournal, type Checkpoint } from '#src/sync/database/check-journal.js';
import { fromKey, isWithin } from '#src/text/path-bytes.js';
import { seededRandom } from '../../support/csync2-random.js';

const bytes = (path: string) => Buffer.from(path, 'latin1');

describe('check journal', () => {
  test('a check that began after the checkpoint counts, one that ended before does not', () => {
    const journal = new CheckJournal();
    journal.begin([bytes('/old')], false)();
    const checkpoint = journal.checkpoint();
    journal.begin([bytes('/new')], false)();
    const isChecked = journal.mayBeMarkedSince(checkpoint);
    assert.ok(!isChecked(bytes('/old')));
    assert.ok(isChecked(bytes('/new')));
    assert.deepEqual(journal.markedSince(checkpoint), { files: [bytes('/new')], trees: [] });
  });

  test('a check that is running at the checkpoint counts: it may commit afterwards', () => {
    const journal = new CheckJournal();
    const end = journal.begin([bytes('/running')], false);
    const checkpoint = journal.checkpoint();
    end();
    assert.ok(journal.mayBeMarkedSince(checkpoint)(bytes('/running')));
  });

  test('a running check counts, even when a later one has ended already', () => {
    const journal = new CheckJournal();
    const end = journal.begin([bytes('/slow')], false);
    journal.begin([bytes('/quick')], false)();
    const checkpoint = journal.checkpoint();
    end();
    assert.ok(journal.mayBeMarkedSince(checkpoint)(bytes('/slow')));
  });

  test('a recursive check counts for all below it, a plain one for itself', () => {
    const journal = new CheckJournal();
    const checkpoint = journal.checkpoint();
    journal.begin([bytes('/tree')], true)();
    journal.begin([bytes('/plain')], false)();
    const isChecked = journal.mayBeMarkedSince(checkpoint);
    assert.ok(isChecked(bytes('/tree')));
    assert.ok(isChecked(bytes('/tree/a/b')));
    assert.ok(!isChecked(bytes('/treehouse')));
    assert.ok(isChecked(bytes('/plain')));
    assert.ok(!isChecked(bytes('/plain/a')));
  });

  test('what was checked since is told apart: each path once, trees as trees', () => {
    const journal = new CheckJournal();
    const checkpoint = journal.checkpoint();
    for (const recursive of [false, true, false]) journal.begin([bytes('/a')], recursive)();
    journal.begin([bytes('/b')], false)();
    const { files, trees } = journal.markedSince(checkpoint);
    assert.deepEqual(trees, [bytes('/a')]);
    assert.equal(files.filter((path) => path.equals(bytes('/b'))).length, 1);
    assert.ok(files.filter((path) => path.equals(bytes('/a'))).length <= 1);
  });

  test('of a check that has told what it marked only that is told apart', () => {
    const journal = new CheckJournal();
    const checkpoint = journal.checkpoint();
    journal.begin([bytes('/tree')], true)([bytes('/tree/changed')]);
    journal.begin([bytes('/received')], false)([]);
    const cutShort = journal.begin([bytes('/other')], true);
    assert.deepEqual(journal.markedSince(checkpoint), {
      files: [bytes('/tree/changed')],
      trees: [bytes('/other')],
    });
    cutShort();
    assert.deepEqual(journal.markedSinceFirst(), journal.markedSince(checkpoint));
    const isMarked = journal.mayBeMarkedSince(checkpoint);
    const shown = ['/tree', '/tree/changed', '/tree/other', '/received', '/other/below'].map(bytes);
    assert.deepEqual(shown.map(isMarked), [false, true, false, false, true]);
    journal.release(checkpoint);
    assert.deepEqual(journal.markedSinceFirst(), { files: [], trees: [] });
  });

  test('the release of one checkpoint takes nothing from another', () => {
    const journal = new CheckJournal();
    const early = journal.checkpoint();
    const late = journal.checkpoint();
    journal.begin([bytes('/a')], false)();
    journal.release(late);
    assert.ok(journal.mayBeMarkedSince(early)(bytes('/a')));
    journal.release(early);
    const fresh = journal.checkpoint();
    assert.ok(!journal.mayBeMarkedSince(fresh)(bytes('/a')));
  });

  test('ending a check twice, or after its checkpoint is released, is no trouble', () => {
    const journal = new CheckJournal();
    const checkpoint = journal.checkpoint();
    const end = journal.begin([bytes('/a')], false);
    end();
    end();
    journal.release(checkpoint);
    end();
    assert.deepEqual(journal.markedSince(journal.checkpoint()), { files: [], trees: [] });
  });

  test('against a plain model: never says "not checked" of a path whose check overlapped or followed the checkpoint', (context) => {
    const random = seededRandom(context);
    const path = () =>
      `/${Array.from({ length: 1 + random.below(3) }, () => random.pick(['a', 'ab', 'b'])).join('/')}`;
    for (let round = 0; round < 300; round++) {
      const journal = new CheckJournal();
      let clock = 0;
      const checks: { paths: string[]; recursive: boolean; endedAt: number; end: () => void }[] =
        [];
      const checkpoints: { at: number; checkpoint: Checkpoint }[] = [];
      for (let step = 0; step < 30; step++) {
        clock++;
        const running = checks.filter((check) => check.endedAt === Number.POSITIVE_INFINITY);
        switch (random.below(4)) {
          case 0: {
            const paths = Array.from({ length: 1 + random.below(3) }, path);
            const recursive = random.below(2) === 0;
            const end = journal.begin(paths.map(bytes), recursive);
            checks.push({ paths, recursive, endedAt: Number.POSITIVE_INFINITY, end });
            break;
          }
          case 1:
            if (running.length > 0) {
              const check = random.pick(running);
              check.end();
              check.endedAt = clock;
            }
            break;
          case 2:
            checkpoints.push({ at: clock, checkpoint: journal.checkpoint() });
            break;
          default:
            if (checkpoints.length > 2)
              journal.release((checkpoints.shift() as { checkpoint: Checkpoint }).checkpoint);
        }
        for (const { at, checkpoint } of checkpoints) {
          const isChecked = journal.mayBeMarkedSince(checkpoint);
          const asked = path();
          const mustSay = checks.some(
            (check) =>
              check.endedAt > at &&
              check.paths.some(
                (top) =>
                  top === asked || (check.recursive && isWithin(fromKey(asked), fromKey(top))),
              ),
          );
          if (mustSay) assert.ok(isChecked(bytes(asked)), `round ${round}, step ${step}: ${asked}`);
        }
      }
    }
  });

  test('without marks nothing is kept', () => {
    const journal = new CheckJournal();
    for (let check = 0; check < 1000; check++) journal.begin([bytes(`/${check}`)], false)();
    // A mark in the past would show what is still there.
    assert.deepEqual(journal.markedSince({ ticket: 0 }), { files: [], trees: [] });
  });
});
