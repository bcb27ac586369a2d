#!/bin/sh
# Leaves in a node_modules folder what runs: without what only editors, debuggers and the packages' own authors read.
# The image and the plugin's archive are both made so.
#
#   release/runtime-only.sh NODE_MODULES
set -eu

# Folders at the root of a package; deeper ones may be part of its code.
find "$1" -regextype posix-extended -type d \
  -regex '(.*/)?node_modules/(@[^/]+/)?[^@/][^/]*/(tests?|__tests__|docs?|examples?|bench(marks?)?)' \
  -prune -exec rm -rf {} +
find "$1" -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete
rm -rf "$1/.bin" "$1/.package-lock.json" "$1/.cache"
