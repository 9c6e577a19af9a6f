#!/bin/sh
# The gate: checks the format, the lints and the documentation, and runs all tests
# and doc tests. Runs the tests that need a server again on the oldest and the newest
# Postgres. Run this before you submit a change.
#
# All runs of the tests happen at the same time, because a test mostly waits for a
# server. A failed test does not stop the others.
set -eu

cd "$(dirname "$0")/.."
scripts/prepare.sh compiler openssl postgres psql
scripts/prepare.sh pgbouncer || {
    printf 'warning: without PgBouncer, the tests through it are SKIPPED\n' >&2
    export MIGRATOR_WITHOUT_PGBOUNCER=yes
}
scripts/get-cyclonedx.sh >/dev/null || {
    printf 'warning: without cargo-cyclonedx, the test of a release is SKIPPED\n' >&2
    export MIGRATOR_WITHOUT_CYCLONEDX=yes
}
scripts/get-pglite.sh >/dev/null || {
    printf 'warning: without PGlite, the test on it is SKIPPED\n' >&2
    export MIGRATOR_WITHOUT_PGLITE=yes
}
in_browser=yes
scripts/get-browser.sh >/dev/null || {
    printf 'warning: without Chromium and its packages, the test in a browser is SKIPPED\n' >&2
    in_browser=
}

# The tests of a feature that is off by default. A command without it would compile the program again.
otlp='--features migrator-program-tests/otlp'

began=$(date +%s)
say() { printf '\n== %s (%d s)\n' "$1" $(($(date +%s) - began)) >&2; }

scripts/get-postgres.sh --newest >&2
say 'format'
cargo fmt --all --check
say 'lints'
cargo fetch --quiet --locked
# shellcheck disable=SC2086 # two words, here and below
cargo clippy --quiet --workspace --all-targets $otlp -- -D warnings
say 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps $otlp
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --package migrator-runtime --no-deps --features testing
say 'tests: compile'
cargo test --quiet --workspace --no-run $otlp
say 'tests'
log=$(mktemp)
scripts/test-majors.sh --gate >"$log" 2>&1 &
majors=$!
trap 'kill "$majors" 2>/dev/null || true; rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
failed=
cargo test --quiet --workspace --no-fail-fast $otlp || failed=yes
say 'tests on the oldest and the newest Postgres'
wait "$majors" || failed=yes
cat "$log"
if [ -n "$in_browser" ]; then
    say 'test in a browser'
    scripts/test-report.sh "${CARGO_TARGET_DIR:-target}/debug/migrator" || failed=yes
fi
say 'end'
[ -z "$failed" ] || exit 1
