#!/bin/sh
# Passes every test: format, lints, documentation, all tests and doc tests. The
# gate, and what to run before a change is sent in.
set -eu

cd "$(dirname "$0")/.."
scripts/prepare.sh compiler openssl postgres

say() { printf '\n== %s\n' "$1" >&2; }

say 'format'
cargo fmt --all --check
say 'lints'
cargo clippy --quiet --workspace --all-targets -- -D warnings
say 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps
say 'tests'
cargo test --quiet --workspace
