#!/bin/sh
# Opens the page of `migrator report` in Chromium, and fails at the first fault.
#
# usage: scripts/test-report.sh [--docs]
#
# Makes two pages: one of this platform's tree on a new database, and one of a tree of 5,000
# migrations. Looks at each view at 390 and 1,440 pixels, in light and dark, with axe-core; then
# searches, opens rows and goes back. Needs node, npm and Chromium; CHROMIUM names another program
# than /usr/bin/chromium. npm installs playwright-core and axe-core to `.migrator/browser`.
#
# --docs puts the screenshots of the manual into `docs/images`.
set -eu

cd "$(dirname "$0")/.."
top=$PWD
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    echo "error: there is no Chromium; install the package chromium, or set CHROMIUM" >&2
    exit 1
fi
cargo build --quiet --package migrator
migrator=$top/${CARGO_TARGET_DIR:-target}/debug/migrator
case ${CARGO_TARGET_DIR-} in
    /*) migrator=$CARGO_TARGET_DIR/debug/migrator ;;
esac
mkdir -p .migrator/browser
cd .migrator/browser
npm install --silent --no-save --prefix . playwright-core@1 axe-core@4
rm -rf large pages
mkdir pages
node "$top/tests/browser/large-tree.mjs" large
"$migrator" report --quiet --offline --directory=large --html=pages/large.html
"$migrator" with -- "$migrator" report --quiet --html=pages/report.html
node "$top/tests/browser/report.mjs" pages/report.html pages/large.html pages
if [ "${1-}" = --docs ]; then
    mkdir -p "$top/docs/images"
    for width in 390 1440; do
        cp "pages/report-overview-$width-light.png" "$top/docs/images/report-overview-$width.png"
    done
fi
