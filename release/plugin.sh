#!/usr/bin/env bash
# Packs the kubectl plugin: launchers, compiled code, production dependencies, licence. The same sources give the same
# bytes. Run after `npm run build`, with the folder that the production dependencies have been installed in.
#
#   release/plugin.sh NODE_MODULES OUTPUT.tar.gz
set -euo pipefail
modules="$(realpath "$1")"
output="$(realpath "$(dirname "$2")")/$(basename "$2")"
cd "$(dirname "$0")/.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cp -R bin dist package.json LICENSE "$folder/"
cp -R "$modules" "$folder/node_modules"
release/runtime-only.sh "$folder/node_modules"
chmod -R u=rwX,go=rX "$folder"
tar --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" --owner=0 --group=0 --numeric-owner -C "$folder" -cf - . |
  gzip --no-name --best > "$output"
