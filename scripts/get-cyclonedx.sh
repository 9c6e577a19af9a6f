#!/bin/sh
# Installs cargo-cyclonedx, which lists the dependencies of a program as a bill of materials (SBOM).
#
# usage: scripts/get-cyclonedx.sh
#
# Prints the path of the program, in `.migrator/tools` of this checkout. Compiles the program only if
# this version is missing, which needs the registry of crates and takes about a minute.
set -eu

version=0.5.9

tools=$(cd "$(dirname "$0")/.." && pwd -P)/.migrator/tools/cyclonedx-$version
if [ ! -x "$tools/bin/cargo-cyclonedx" ]; then
    printf 'installing cargo-cyclonedx %s\n' "$version" >&2
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    trap 'exit 1' HUP INT TERM
    # It reads one list for each release: compiling it fast is worth more than a fast program.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --locked --debug --root "$tools" --version "$version" \
        cargo-cyclonedx >"$log" 2>&1 || {
        cat "$log" >&2
        printf 'error: cargo-cyclonedx could not be installed\nhelp: see the log above\n' >&2
        exit 1
    }
fi
printf '%s\n' "$tools/bin/cargo-cyclonedx"
