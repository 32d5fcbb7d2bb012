import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlushProgress } from '#src/daemon/flush/progress.js';
import { Random, seededRandom } from '../../support/csync2-random.js';
import { PipelineModel } from './pipeline-model.js';

test('whatever happens on the way: what a flush has waited for is on every peer', (context) => {
  const seeds = seededRandom(context);
  let completed = 0;
  for (let run = 0; run < runs; run++) {
    const seed = seeds.below(2 ** 31);
    const generator = new Random(seed);
    const random = () => generator.next();
    const model = new PipelineModel(random);
    for (let step = 0; step < 60; step++)
      if (random() < 0.3) model.change();
      else model.step(false);
    const wanted = new Map(model.disk);
    const progress = new FlushProgress();
    model.onPush = (peer, sent) => progress.pushed(peer, sent);
    for (let step = 0; ; step++) {
      // In the end all is calm, so that it must come to an end.
      const isCalm = step > 400;
      if (!isCalm && random() < 0.2) model.change();
      else model.step(isCalm);
      assert.ok(
        step < 20_000,
        `run ${seed} never ends: ${JSON.stringify(progress.look(model.view))}`,
      );
      if (random() < 0.5 || progress.look(model.view).length > 0) continue;
      if (!isCalm) completed++;
      break;
    }
    for (const [peer, had] of model.had) {
      for (const [file, version] of wanted) {
        assert.ok((had.get(file) as number) >= version, `run ${seed}: ${peer} has not got ${file}`);
      }
    }
  }
  assert.ok(completed > runs / 100, `only ${completed} of ${runs} ended while changes went on`);
});

test('what is pending is told stage by stage', () => {
  const progress = new FlushProgress();
  const base = new PipelineModel(() => 0).view;
  const stageOf = (view: Partial<typeof base>) => progress.look({ ...base, ...view })[0]?.stage;
  const events = { hasUnread: false, begun: 5n, kept: 4n, blind: undefined };
  assert.equal(stageOf({ generation: undefined }), 'reload');
  assert.equal(stageOf({ events: { ...events, hasUnread: true } }), 'events');
  assert.equal(stageOf({ events }), 'events');
  assert.equal(
    stageOf({ events: { ...events, kept: 9n, blind: '1 directory is not watched' } }),
    'events',
  );
  const kept = { ...events, kept: 5n };
  assert.equal(stageOf({ events: kept, queue: { written: 3, done: 1 } }), 'queue');
  const queue = { written: 3, done: 3 };
  const setAside = () => new Map([['/a', { text: '/a cannot be checked' }]]);
  assert.equal(stageOf({ queue, setAside }), 'check');
  assert.equal(stageOf({ queue, isMarking: () => true }), 'marks');
  const due = { ticket: 7, reason: 'start' };
  assert.equal(stageOf({ queue, fullCheck: { due, succeeded: 6 } }), 'full-check');
  const down = {
    name: 'web2',
    isNew: false,
    lacks: () => new Set(['/a', '/b']),
    why: () => 'down',
  };
  const more = { ...down, lacks: () => new Set(['/b', '/c']) };
  const later = { queue, fullCheck: { due: { ...due, ticket: 9 }, succeeded: 8 } };
  assert.deepEqual(progress.look({ ...base, ...later, peers: [down] }), [
    { stage: 'peers', text: 'web2: 2 files pending (down)', peer: 'web2', files: 2 },
  ]);
  assert.equal(progress.look({ ...base, ...later, peers: [more] })[0]?.files, 1);
  assert.equal(progress.look({ ...base, ...later, peers: [{ ...down, isNew: true }] }).length, 1);
  assert.deepEqual(
    progress.look({ ...base, ...later, peers: [{ ...down, lacks: () => new Set(['/c']) }] }),
    [],
  );
});

test('of a tree that was set aside, a part may be when it has been checked', () => {
  const progress = new FlushProgress();
  const base = new PipelineModel(() => 0).view;
  const look = (...paths: string[]) => {
    const setAside = () => new Map(paths.map((path) => [path, { text: path }]));
    return progress.look({ ...base, setAside }).map(({ text }) => text);
  };
  assert.deepEqual(look('/t', '/u'), ['/t', '/u']);
  assert.deepEqual(look('/t/a/b', '/ta', '/v'), ['/t/a/b'], 'what has come since is of no matter');
  assert.deepEqual(look('/v'), []);
});

test('where only a number is known, all must be gone', () => {
  const progress = new FlushProgress();
  const base = new PipelineModel(() => 0).view;
  const peer = (lacks: number | undefined) => ({
    name: 'web2',
    isNew: false,
    lacks: () => lacks,
    why: () => '',
  });
  const texts = [undefined, 2, 1, 0].map(
    (lacks) => progress.look({ ...base, peers: [peer(lacks)] })[0]?.text,
  );
  assert.deepEqual(texts, [
    'web2: files pending',
    'web2: 2 files pending',
    'web2: 1 file pending',
    undefined,
  ]);
});

const runs = 5000;
