#!/bin/sh
# Passes every test: format, lints, documentation, all tests and doc tests, and
# those that talk to a server once more on the oldest and the newest Postgres. The
# gate, and what to run before a change is sent in.
set -eu

cd "$(dirname "$0")/.."
scripts/prepare.sh compiler openssl postgres psql
scripts/prepare.sh pgbouncer || {
    printf 'warning: without PgBouncer, the tests through it are SKIPPED\n' >&2
    export MIGRATOR_WITHOUT_PGBOUNCER=yes
}

say() { printf '\n== %s\n' "$1" >&2; }

say 'format'
cargo fmt --all --check
say 'lints'
cargo clippy --quiet --workspace --all-targets -- -D warnings
say 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --package migrator-runtime --no-deps --features testing
say 'tests'
cargo test --quiet --workspace
say 'tests on the oldest and the newest Postgres'
scripts/test-majors.sh --gate
