import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  databaseLocation,
  databaseName,
  type Instance,
  instanceArguments,
} from '#src/csync2/run/instance.js';

const plain: Instance = {
  program: 'csync2',
  systemDirectory: '/etc',
  hostName: 'web1',
  hostNameGiven: false,
  databaseGiven: false,
  extraOptions: [],
};

describe('instance', () => {
  test('a plain one needs no arguments', () => {
    assert.deepEqual(instanceArguments(plain), []);
  });

  test('what was given is passed on, what the configuration says is not', () => {
    const full: Instance = {
      ...plain,
      hostNameGiven: true,
      configName: 'blue',
      port: '30866',
      database: '/db',
      databaseGiven: true,
      extraOptions: ['-B', '-l'],
    };
    assert.deepEqual(instanceArguments(full), [
      '-B',
      '-l',
      '-N',
      'web1',
      '-C',
      'blue',
      '-p',
      '30866',
      '-D',
      '/db',
    ]);
    assert.deepEqual(instanceArguments({ ...full, databaseGiven: false }).includes('-D'), false);
  });

  test('a private database takes the place of the own one', () => {
    const given: Instance = { ...plain, database: '/db', databaseGiven: true };
    assert.deepEqual(instanceArguments(given, '/run/private'), ['-D', '/run/private']);
    assert.deepEqual(instanceArguments(plain, '/run/private'), ['-D', '/run/private']);
  });

  test('the file is named after host and configuration', () => {
    assert.equal(databaseName(plain), 'web1.db3');
    assert.equal(databaseName({ ...plain, configName: 'blue' }), 'web1_blue.db3');
  });

  test('where the tables are, by what -D or the database statement says', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'instance-test-'));
    context.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'sub'));
    const at = (database: string | undefined) =>
      databaseLocation(database === undefined ? plain : { ...plain, database });
    assert.deepEqual(at(undefined), { kind: 'sqlite', file: '/var/lib/csync2/web1.db3' });
    assert.deepEqual(at(''), { kind: 'sqlite', file: '/var/lib/csync2/web1.db3' });
    assert.deepEqual(at(folder), { kind: 'sqlite', file: join(folder, 'web1.db3') });
    assert.deepEqual(at(`sqlite3://${folder}/sub`), {
      kind: 'sqlite',
      file: join(folder, 'sub/web1.db3'),
    });
    assert.deepEqual(at(`sqlite3://${folder}/sub/`), {
      kind: 'sqlite',
      file: join(folder, 'sub/web1.db3'),
    });
    assert.deepEqual(at(`sqlite3://${folder}/x.db3`), {
      kind: 'sqlite',
      file: join(folder, 'x.db3'),
    });
    assert.deepEqual(at('pgsql://u:p@db/'), { kind: 'server', url: 'pgsql://u:p@db/' });
    assert.deepEqual(at('mysql://db/'), { kind: 'server', url: 'mysql://db/' });
  });

  test('sqlite:// is SQLite 3 too', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'instance-test-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const location = databaseLocation({ ...plain, database: `sqlite://${folder}/x.db3` });
    assert.deepEqual(location, { kind: 'sqlite', file: join(folder, 'x.db3') });
  });
});
