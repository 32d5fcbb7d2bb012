# shellcheck shell=bash
# What a package contains, whatever its form. For scripts/package.

# lay_package_down ROOT ZSH DOC: the product as lay_down has it, without what only builders need,
# and its documentation in ROOT/DOC/inotify-csync.
lay_package_down() {
  local root=$1 zsh=$2 doc=$3/inotify-csync
  lay_down "$root" /usr/bin/node "$zsh"
  trim "$root/usr/lib/inotify-csync"
  mkdir -p "$root$doc"
  cp -r -- docs README.md CHANGELOG.md "$root$doc/"
  # For developers.
  rm -- "$root$doc"/docs/{design,watching}.md
}

# What a package of npm carries for its own building and testing.
trim() {
  local library=$1
  find "$library" -type f \( -name '*.node' -o -name inotify-csync-exec -o -name '*.so' \) \
    -exec strip --strip-unneeded -- {} +
  find "$library/node_modules" -type f -name '*.node' \
    ! -name better_sqlite3.node ! -name notify.node -delete
  find "$library/node_modules" \( -name '*.c' -o -name '*.cc' -o -name '*.cpp' -o -name '*.h' \
    -o -name '*.gyp' -o -name '*.gypi' -o -name '*.md' -o -name '*.mk' -o -name 'Makefile' \
    -o -name '*.o' -o -name '*.a' -o -name '.*' -o -name '*.sh' -o -name '*.yml' \) -type f -delete
  rm -rf -- "$library"/node_modules/*/{test,tests,example,examples,bench,benchmark} \
    "$library/node_modules/node-addon-api"
  find "$library" -type d -empty -delete
  find "$library" -type f -exec chmod 0644 {} +
  chmod 0755 "$library/build/Release/inotify-csync-exec" "$library/dist/cli/main.js"
  find "$library" -type d -exec chmod 0755 {} +
}

# copyright ROOT: the licence of the product, and of each package of npm in it, as Debian writes it.
copyright() {
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\n'
  sed -n 's/^Copyright (c) /Copyright: /p' LICENSE
  printf 'License: MIT\n'
  sed -e '1,/^Copyright/d' -e 's/^$/./; s/^/ /' LICENSE | sed '1{/^ \.$/d}'
  licenses "$1/usr/lib/inotify-csync"
}

# licence_file ROOT: the same where other distributions have it.
licence_file() {
  local folder=$1/usr/share/licenses/inotify-csync
  mkdir -p "$folder"
  install -m 0644 LICENSE "$folder/"
  copyright "$1" >"$folder/copyright"
}

# The packages of npm that are part of it, each with its licence.
licenses() {
  local library=$1
  (cd "$library" && node --input-type=module --eval '
    import { readFileSync } from "node:fs";
    import { execFileSync } from "node:child_process";
    const found = execFileSync("find", ["node_modules", "-name", "package.json"], { encoding: "utf8" });
    for (const file of found.trim().split("\n").sort()) {
      const { name, version, license, author } = JSON.parse(readFileSync(file, "utf8"));
      if (!name || !version) continue;
      const holder = typeof author === "string" ? author : (author?.name ?? `the authors of ${name}`);
      const folder = file.slice(0, -"/package.json".length);
      console.log(`\nFiles: usr/lib/inotify-csync/${folder}/*\nCopyright: ${holder}`);
      console.log(`License: ${license}`);
      console.log(` See ${name} ${version} at https://www.npmjs.com/package/${name}`);
    }')
}

# The first major version of Node whose addons are others than those compiled here.
next_node() {
  node --print 'Number(process.versions.node.split(".")[0]) + 1'
}
