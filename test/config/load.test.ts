import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LoadedSettings, type LoadSettingsOptions, loadSettings } from '#src/config/load.js';
import { originText } from '#src/config/origin.js';
import { schemaOf } from '#src/config/schema.js';
import {
  flagOf,
  type SettingName,
  settingDefinitions,
  settingNames,
  variableOf,
} from '#src/config/settings.js';
import { InotifyCsyncError } from '#src/errors.js';

interface Given {
  flags?: LoadSettingsOptions['flags'];
  environment?: Record<string, string>;
  files?: Record<string, string>;
  configFile?: string;
  csync2?: string[];
}

function load({
  flags = {},
  environment = {},
  files = {},
  configFile,
  csync2 = [],
}: Given): LoadedSettings {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return text;
  };
  return loadSettings({ flags, environment, configFile, csync2Arguments: csync2, readFile });
}

function failure(given: Given): InotifyCsyncError {
  try {
    load(given);
  } catch (error) {
    assert.ok(error instanceof InotifyCsyncError, String(error));
    assert.ok(!error.message.includes('\n') && !error.hint.includes('\n'));
    return error;
  }
  return assert.fail('nothing was thrown');
}

const standard = '/etc/inotify-csync.toml';

test('the defaults are those of the documentation', () => {
  const { settings, csync2Options, origins, file } = load({});
  assert.deepEqual(settings, {
    checkInterval: 0.5,
    fullSyncInterval: 3600,
    numLinesUntilReset: 0,
    numBatchedChangesThreshold: 15000,
    parallelUpdates: true,
    fileEvents: 'move,delete,attrib,create,close_write',
    queueFile: '/var/lib/inotify-csync/queue.log',
    csyncLog: '/var/log/inotify-csync/csync2.log',
    cfgPath: '/etc',
    cfgFile: 'csync2.cfg',
    settle: 0.02,
    server: 'managed',
    serverWaitMax: 30,
    verifyInterval: 86_400,
    peerTimeout: 60,
    privateDatabases: true,
    checker: 'csync2',
    csync2: 'csync2',
    runtimeDirectory: '/run/inotify-csync',
    metricsListen: 'off',
    logLevel: 'info',
    csync2Options: [],
  });
  assert.deepEqual(csync2Options, { rest: [] });
  assert.ok(settingNames.every((name) => origins[name].kind === 'default'));
  assert.equal(file, undefined);
});

test('every default is a value that its setting may have, and every setting says what it is', () => {
  for (const name of settingNames) {
    const { shape, default: value, description, expects, argument } = settingDefinitions[name];
    assert.ok(schemaOf(shape).safeParse(value).success, name);
    assert.ok(description && expects && argument, name);
  }
});

test('flag before variable before file before default', () => {
  const files = {
    [standard]: '\n# times\nsettle = 0.3\ncheck_interval = 3\nserver_wait_max = 5\n',
  };
  const environment = { INOTIFY_CSYNC_SETTLE: '0.2', INOTIFY_CSYNC_CHECK_INTERVAL: '2' };
  const { settings, origins, file } = load({ files, environment, flags: { settle: '0.1' } });
  const { settle, checkInterval, serverWaitMax } = settings;
  assert.deepEqual([settle, checkInterval, serverWaitMax, settings.peerTimeout], [0.1, 2, 5, 60]);
  const texts = (['settle', 'check_interval', 'server_wait_max', 'peer_timeout'] as const).map(
    (name) => originText(origins[name]),
  );
  assert.deepEqual(texts, [
    '--settle',
    '$INOTIFY_CSYNC_CHECK_INTERVAL',
    `${standard}:5`,
    'default',
  ]);
  assert.equal(file, standard);
});

test('every setting can be given in each of the three ways', () => {
  const examples: { [Name in SettingName]: [toml: string, text: string] } = {
    check_interval: ['1.5', '1.5'],
    full_sync_interval: ['0', '0'],
    verify_interval: ['0', '0'],
    num_lines_until_reset: ['1000', '1000'],
    num_batched_changes_threshold: ['10', '10'],
    parallel_updates: ['0', '0'],
    file_events: ['"create,modify"', 'create,modify'],
    queue_file: ['"/q/queue"', '/q/queue'],
    csync_log: ['"/l/log"', '/l/log'],
    cfg_path: ['"/usr/local/etc"', '/usr/local/etc'],
    cfg_file: ['"csync2_blue.cfg"', 'csync2_blue.cfg'],
    settle: ['0', '0'],
    server: ['"external"', 'external'],
    server_wait_max: ['1', '1'],
    peer_timeout: ['7', '7'],
    private_databases: ['false', 'false'],
    checker: ['"auto"', 'auto'],
    csync2: ['"/opt/csync2"', '/opt/csync2'],
    runtime_directory: ['"/run/x"', '/run/x'],
    metrics_listen: ['"[::1]:9823"', '[::1]:9823'],
    log_level: ['"debug"', 'debug'],
    csync2_options: ['["-N", "web1"]', '-N web1'],
  };
  for (const name of settingNames) {
    const [toml, text] = examples[name];
    const fromFile = load({ files: { [standard]: `${name} = ${toml}` } }).settings;
    const fromVariable = load({ environment: { [variableOf(name)]: text } }).settings;
    const fromFlag = load({ flags: { [name]: text } }).settings;
    assert.deepEqual(fromVariable, fromFile, name);
    assert.deepEqual(fromFlag, fromFile, name);
    assert.notDeepEqual(fromFile, load({}).settings, name);
  }
});

test('yes and no in all their forms', () => {
  for (const [text, value] of [
    ['true', true],
    ['1', true],
    ['', true],
    ['false', false],
    ['0', false],
  ] as const) {
    assert.equal(load({ flags: { parallel_updates: text } }).settings.parallelUpdates, value, text);
  }
  for (const [toml, value] of [
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ] as const) {
    assert.equal(
      load({ files: { [standard]: `parallel_updates = ${toml}` } }).settings.parallelUpdates,
      value,
    );
  }
});

const wrongTexts: [name: SettingName, text: string, expected: RegExp][] = [
  ['check_interval', 'abc', /found "abc", expected seconds, 0.01 to 60/],
  ['check_interval', '', /found nothing/],
  ['check_interval', '0', /expected seconds/],
  ['check_interval', '1e3', /expected seconds/],
  ['check_interval', 'Infinity', /expected seconds/],
  ['check_interval', '-1', /expected seconds/],
  ['num_lines_until_reset', '-1', /expected a whole number, 0 to/],
  ['num_batched_changes_threshold', '0', /expected a whole number, 1 to/],
  ['num_lines_until_reset', '1.5', /expected a whole number/],
  ['parallel_updates', 'yes', /expected true or false/],
  ['queue_file', 'relative/path', /expected an absolute path/],
  ['server', 'none', /expected one of managed, external/],
  ['cfg_file', 'other.cfg', /csync2 can read no other/],
  ['cfg_file', 'csync2_Blue.cfg', /csync2 can read no other/],
  ['cfg_file', '../csync2.cfg', /csync2 can read no other/],
  ['file_events', 'creat', /"creat" is not an inotify event/],
  ['csync2', '', /found nothing/],
];

for (const [name, text, expected] of wrongTexts) {
  test(`a wrong value: ${name} = ${JSON.stringify(text)}`, () => {
    const flag = failure({ flags: { [name]: text } });
    assert.match(flag.message, expected);
    assert.deepEqual([flag.exitCode, flag.message.startsWith(`${flagOf(name)}: `)], [64, true]);
    const variable = failure({ environment: { [variableOf(name)]: text } });
    assert.deepEqual(
      [variable.exitCode, variable.message.startsWith(`$${variableOf(name)}: `)],
      [78, true],
    );
    const file = failure({ files: { [standard]: `\n${name} = ${JSON.stringify(text)}` } });
    assert.deepEqual(
      [file.exitCode, file.message.startsWith(`${standard}:2: ${name}: `)],
      [78, true],
      file.message,
    );
  });
}

test('an unknown key is an error that names its line and what was meant', () => {
  const typo = failure({ files: { [standard]: 'settle = 1\n\n  chek_interval = 2\n' } });
  assert.equal(typo.message, `${standard}:3: there is no setting "chek_interval"`);
  assert.deepEqual([typo.hint, typo.exitCode], ['did you mean check_interval?', 78]);
  assert.equal(
    failure({ files: { [standard]: 'check-interval = 2' } }).hint,
    'did you mean check_interval?',
  );
  const table = failure({ files: { [standard]: '# x\n[peers]\nname = "a"' } });
  assert.equal(table.message, `${standard}:2: there is no setting "peers"`);
  assert.match(table.hint, /the settings are check_interval, /);
  assert.match(
    failure({ files: { [standard]: '"settle.x" = 2' } }).message,
    /:1: there is no setting "settle.x"/,
  );
});

test('a misspelled variable is an error, somebody else’s is not', () => {
  const error = failure({ environment: { INOTIFY_CSYNC_SETLE: '1' } });
  assert.deepEqual([error.hint, error.exitCode], ['did you mean INOTIFY_CSYNC_SETTLE?', 78]);
  load({ environment: { INOTIFY_CSYNC_LABORATORY_OF_MINE: '1' } });
});

test('the settings file: named, missing, unreadable, broken', () => {
  assert.equal(
    load({ files: { '/x.toml': 'settle = 1' }, configFile: '/x.toml' }).settings.settle,
    1,
  );
  const environment = { INOTIFY_CSYNC_CONFIG: '/x.toml' };
  assert.equal(load({ files: { '/x.toml': 'settle = 1' }, environment }).settings.settle, 1);
  const files = { '/x.toml': 'settle = 1', '/y.toml': 'settle = 2' };
  assert.equal(load({ files, environment, configFile: '/y.toml' }).settings.settle, 2);
  const missing = failure({ configFile: '/none.toml' });
  assert.deepEqual(
    [missing.exitCode, missing.message],
    [66, '/none.toml: there is no such settings file'],
  );
  const broken = failure({ files: { [standard]: 'settle = 1\ncsync2 = /usr/sbin/csync2\n' } });
  assert.equal(broken.exitCode, 78);
  assert.match(broken.message, /^\/etc\/inotify-csync\.toml:2: not valid TOML: /);
  assert.match(broken.hint, /csync2 = \/usr\/sbin\/csync2/);
  assert.equal(failure({ files: { [standard]: 'settle = 1\nsettle = 2' } }).exitCode, 78);
  const readFile = (): never => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };
  assert.throws(
    () => loadSettings({ flags: {}, environment: {}, csync2Arguments: [], readFile }),
    (error) => error instanceof InotifyCsyncError && error.exitCode === 77,
  );
});

test('a service’s directories are defaults, and nothing more', () => {
  const environment = { STATE_DIRECTORY: '/s:/t', LOGS_DIRECTORY: '/l', RUNTIME_DIRECTORY: '/r' };
  const { settings, origins } = load({ environment });
  assert.deepEqual(
    [settings.queueFile, settings.csyncLog, settings.runtimeDirectory],
    ['/s/queue.log', '/l/csync2.log', '/r'],
  );
  assert.equal(originText(origins.queue_file), '$STATE_DIRECTORY');
  const files = { [standard]: 'queue_file = "/q"\ncsync_log = "/c"\nruntime_directory = "/d"' };
  const explicit = load({ environment, files }).settings;
  assert.deepEqual(
    [explicit.queueFile, explicit.csyncLog, explicit.runtimeDirectory],
    ['/q', '/c', '/d'],
  );
});

test('cfg_file and csync2’s -C say the same', () => {
  assert.equal(load({ flags: { cfg_file: 'csync2_blue.cfg' } }).csync2Options.configName, 'blue');
  const byOption = load({ csync2: ['-C', 'blue'] });
  assert.deepEqual(
    [byOption.settings.cfgFile, byOption.csync2Options.configName],
    ['csync2_blue.cfg', 'blue'],
  );
  assert.equal(originText(byOption.origins.cfg_file), '-C blue');
  const both = load({ csync2: ['-Cblue'], flags: { cfg_file: 'csync2_blue.cfg' } });
  assert.equal(both.csync2Options.configName, 'blue');
  const error = failure({
    csync2: ['-C', 'red'],
    files: { [standard]: 'cfg_file = "csync2_blue.cfg"' },
  });
  assert.match(
    error.message,
    /cfg_file: it is csync2_blue.cfg, but csync2's option -C red means csync2_red.cfg/,
  );
  assert.equal(failure({ csync2: ['-C', 'red'], flags: { cfg_file: 'csync2.cfg' } }).exitCode, 64);
});

test('csync2_options come first, the command line is appended and wins', () => {
  const files = { [standard]: 'csync2_options = ["-N", "web1", "-A"]' };
  const { csync2Options } = load({ files, csync2: ['-N', 'web2', '-B'] });
  assert.deepEqual(csync2Options, { hostName: 'web2', rest: ['-A', '-B'] });
  const error = failure({ files: { [standard]: 'csync2_options = ["-v"]' } });
  assert.deepEqual(
    [error.exitCode, error.message.startsWith(`${standard}:1: csync2_options: `)],
    [78, true],
  );
  assert.equal(failure({ files: { [standard]: 'csync2_options = "-N web1"' } }).exitCode, 78);
  assert.equal(failure({ csync2: ['-v'] }).exitCode, 64);
});

test('metrics are served at a loopback address alone, and the error says so with its place', () => {
  const files = { [standard]: '\nmetrics_listen = "0.0.0.0:9823"\n' };
  const error = failure({ files });
  assert.equal(
    error.message,
    `${standard}:2: metrics_listen: "0.0.0.0:9823" is not a loopback address: other hosts could reach it`,
  );
  assert.equal(error.exitCode, 78);
  assert.match(error.hint, /^give 127\.0\.0\.1:PORT/);
  assert.equal(failure({ flags: { metrics_listen: '[::]:1' } }).exitCode, 64);
  assert.equal(
    load({ flags: { metrics_listen: '[::1]:9823' } }).settings.metricsListen,
    '[::1]:9823',
  );
});
