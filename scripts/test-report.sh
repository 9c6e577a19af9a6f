#!/bin/sh
# Opens the page of `migrator report` in Chromium, and fails at the first fault.
#
# usage: scripts/test-report.sh [--docs] [PROGRAM]
#
# Makes two pages: one of this platform's tree on a new database, and one of a tree of 5,000
# migrations. Looks at each view at 390 and 1,440 pixels, in light and dark, with axe-core; then
# searches, opens rows and goes back. PROGRAM is a migrator that is already built.
# The screenshots are in `.migrator/pages`. --docs copies those of the manual to `docs/images`.
set -eu

cd "$(dirname "$0")/.."
top=$PWD
docs=
if [ "${1-}" = --docs ]; then
    docs=yes
    shift
fi
tools=$(scripts/get-browser.sh)
browser=$(printf '%s\n' "$tools" | head -n 1)
packages=$(printf '%s\n' "$tools" | tail -n 1)
target=${CARGO_TARGET_DIR:-target}
if [ $# -eq 0 ]; then
    cargo build --quiet --package migrator
    set -- "$target/debug/migrator"
fi
migrator=$(realpath "$1")
pages=$top/.migrator/pages
rm -rf "$pages"
mkdir -p "$pages"
cd "$pages"
node "$top/tests/browser/large-tree.mjs" large
"$migrator" report --quiet --offline --directory=large --html=large.html
"$migrator" with -- "$migrator" report --quiet --html=report.html
(cd "$packages" && CHROMIUM=$browser \
    node "$top/tests/browser/report.mjs" "$pages/report.html" "$pages/large.html" "$pages")
if [ -n "$docs" ]; then
    mkdir -p "$top/docs/images"
    for width in 390 1440; do
        cp "report-overview-$width-light.png" "$top/docs/images/report-overview-$width.png"
    done
fi
