// Writes the pages of docs that follow from the program: docs/reference/*.md and
// docs/troubleshooting.md.
//
//   node scripts/lib/reference.mjs           writes them; build first (npm run build:ts)
//   node scripts/lib/reference.mjs --print   prints them as a JSON object, text by file

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandsPage } from './reference/commands.mjs';
import { exitCodesPage } from './reference/exit-codes.mjs';
import { journalFieldsPage } from './reference/journal-fields.mjs';
import { metricsPage } from './reference/metrics.mjs';
import { settingsPage } from './reference/settings.mjs';
import { statusJsonPage } from './reference/status-json.mjs';
import { troubleshootingPage } from './reference/troubleshooting.mjs';

const pages = {
  'docs/reference/settings.md': settingsPage,
  'docs/reference/commands.md': commandsPage,
  'docs/reference/exit-codes.md': exitCodesPage,
  'docs/reference/journal-fields.md': journalFieldsPage,
  'docs/reference/status-json.md': statusJsonPage,
  'docs/reference/metrics.md': metricsPage,
  'docs/troubleshooting.md': troubleshootingPage,
};

const texts = Object.entries(pages).map(([file, page]) => [file, page()]);
if (process.argv[2] === '--print') {
  process.stdout.write(JSON.stringify(Object.fromEntries(texts)));
} else {
  for (const [file, text] of texts) {
    const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
