#!/bin/sh
# Installs the programs that the other scripts need besides Rust and git: a C
# compiler for linking, that of musl for static programs, openssl for the
# certificates of tests, Postgres, psql of any version, and PgBouncer.
#
# usage: scripts/prepare.sh [compiler] [musl] [openssl] [postgres] [psql] [pgbouncer]
#
# Does nothing for a program that is installed. If the user is root, the script
# installs Debian's packages. Otherwise it names the missing package.
set -eu

scripts=$(cd "$(dirname "$0")" && pwd)

fail() {
    printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
    exit 1
}

package() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1 ||
        fail "\`$1\` is not installed" "install the package \`$2\` of your system"
    printf 'installing %s\n' "$2" >&2
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # several packages in one word
    if ! { apt-get update && apt-get install -y --no-install-recommends $2; } >"$log" 2>&1; then
        cat "$log" >&2
        fail "\`$2\` could not be installed" "see the log above"
    fi
    rm -f "$log"
}

command -v cargo >/dev/null 2>&1 || fail "\`cargo\` is not installed" "see https://rustup.rs"

for need in "$@"; do
    case $need in
        compiler) command -v cc >/dev/null 2>&1 || package cc "gcc libc6-dev" ;;
        musl) command -v musl-gcc >/dev/null 2>&1 || package musl-gcc musl-tools ;;
        openssl) command -v openssl >/dev/null 2>&1 || package openssl openssl ;;
        postgres) "$scripts/get-postgres.sh" >/dev/null ;;
        psql) command -v psql >/dev/null 2>&1 || package psql postgresql-client ;;
        pgbouncer) PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null 2>&1 || package pgbouncer pgbouncer ;;
        *) fail "unknown argument \`$need\`" "see the start of this script" ;;
    esac
done
