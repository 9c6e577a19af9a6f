#!/bin/sh
# Opens the page of `migrator report` in Chromium, and fails at the first fault.
#
# usage: scripts/test-report.sh [--docs] [PROGRAM]
#
# Makes two pages: one of this platform's tree on a new database with a failure, pending migrations
# and drift, and one of a tree of 5,000 migrations. Looks at each view at 390 and 1,440 pixels, in light and dark, with axe-core; then
# searches, opens rows and goes back. PROGRAM is a migrator that is already built.
# Prints how long the large page takes. The screenshots are in `.migrator/pages`. --docs copies
# those of the manual to `docs/images`.
set -eu

# Changes a new database, and makes the page about it.
if [ "${1-}" = --scene ]; then
    migrator=$2
    DATABASE_URL=$(printf '%s\n' "$DATABASE_URL" | sed 's#/migrator_test_[^?]*#/platform#')
    export DATABASE_URL
    "$migrator" up --quiet --service=all --create-database >/dev/null
    "$migrator" down --quiet --service=platform --steps=2 --yes >/dev/null
    psql --quiet --no-psqlrc --dbname="$DATABASE_URL" \
        --command='ALTER TABLE platform.projects ADD COLUMN alert_channel_id uuid' \
        --command='CREATE INDEX tenants_by_hand ON tenant.tenants (name)'
    if "$migrator" up --quiet --service=platform >/dev/null 2>&1; then
        printf 'error: the run succeeds, although the column exists\n' >&2
        exit 1
    fi
    exec "$migrator" report --quiet --drift --verified=verified.json --html=report.html
fi

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
"$migrator" verify --quiet --service=platform --output=json >verified.json
"$migrator" with --service=core -- "$top/scripts/test-report.sh" --scene "$migrator"
(cd "$packages" && CHROMIUM=$browser \
    node "$top/tests/browser/report.mjs" "$pages/report.html" "$pages/large.html" "$pages")
if [ -n "$docs" ]; then
    mkdir -p "$top/docs/images"
    for name in overview-390 overview-1440 graph-1440; do
        cp "report-$name-light.png" "$top/docs/images/report-$name.png"
    done
fi
