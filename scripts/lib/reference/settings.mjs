// docs/reference/settings.md: every setting, from src/config/settings.ts.

import { code, page, paragraph, sentence, table } from './markdown.mjs';

const dist = new URL('../../../dist/', import.meta.url);
const { settingDefinitions, settingNames, flagOf, variableOf } = await import(new URL('config/index.js', dist));
const { settingsFixedUntilRestart } = await import(new URL('config/restart-needed.js', dist));

export function settingsPage() {
  return page('Settings', 'src/config/settings.ts', [
    paragraph(`No setting is required. Settings are in ${code('/etc/inotify-csync.toml')}, or in the file that
      ${code('--config')} or ${code('$INOTIFY_CSYNC_CONFIG')} names. Each can also be an environment variable or a
      flag of ${code('inotify-csync run')}, such as in ${code('OPTIONS=')} of
      ${code('/etc/default/inotify-csync')}. A flag overrides a variable, and a variable overrides the file.
      ${code('inotify-csync check-config')} shows the value of each setting and where it comes from.`),
    [
      '```toml',
      '# /etc/inotify-csync.toml',
      'full_sync_interval = 86400',
      'csync2_options = ["-N", "web1"]',
      '```',
    ].join('\n'),
    paragraph(`${code('systemctl reload inotify-csync')} puts changes into use. Settings marked *restart* need a
      restart instead.`),
    table(['setting', 'default', 'values', 'meaning'], settingNames.map(row)),
    '## Flags and variables',
    table(
      ['setting', 'flag', 'variable'],
      settingNames.map((name) => [
        code(name),
        name === listSetting ? 'options of csync2, as they are' : code(flagOf(name)),
        code(variableOf(name)),
      ]),
    ),
    '## Options of csync2',
    paragraph(`${code('-N')}, ${code('-C')}, ${code('-D')}, ${code('-p')}, ${code('-G')}, ${code('-A')},
      ${code('-B')} and ${code('-F')} can be given to every command that reads the configuration, and are passed to
      every call of csync2. Others would change what csync2 does, and are rejected.`),
  ]);
}

/** A list does not fit into one flag. */
const listSetting = 'csync2_options';

function row(name) {
  const { default: value, description, expects } = settingDefinitions[name];
  const restart = settingsFixedUntilRestart.includes(name) ? ' *restart*' : '';
  return [code(name), code(JSON.stringify(value)), expects, sentence(description) + restart];
}
