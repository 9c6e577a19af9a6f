#!/bin/sh
# Downloads the commands that bench/peers compares with migrator, into target/peers of this checkout:
# dbmate from npm, and pgmt from crates.io, which needs rustc 1.97.
#
# usage: scripts/get-peers.sh [dbmate | pgmt]…
#
# A command that is there already is not downloaded again. The script warns about a command that it
# cannot install, and goes on; bench/peers skips the command.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd -P)
folder=$checkout/target/peers
mkdir -p "$folder"
log=$folder/log

warn() {
    tail -n 3 "$log" >&2
    printf 'warning: cannot install %s: bench/peers skips it\n' "$1" >&2
}

get_dbmate() {
    version=2.36.0
    npm install --no-audit --no-fund --prefix "$folder/dbmate" "dbmate@$version" >"$log" 2>&1 || return 1
    ln -sf "$(echo "$folder"/dbmate/node_modules/@dbmate/*/bin/dbmate)" "$folder/bin/dbmate"
}

get_pgmt() {
    version=0.6.5
    cargo install "pgmt@$version" --locked --root "$folder" --target-dir "$folder/target" >"$log" 2>&1
}

[ $# -gt 0 ] || set -- dbmate pgmt
mkdir -p "$folder/bin"
for name in "$@"; do
    case $name in
    dbmate | pgmt)
        [ -x "$folder/bin/$name" ] || "get_$name" || {
            warn "$name"
            continue
        }
        "$folder/bin/$name" --version || warn "$name"
        ;;
    *)
        printf 'error: unknown command `%s`\nhelp: usage: scripts/get-peers.sh [dbmate | pgmt]…\n' "$name" >&2
        exit 2
        ;;
    esac
done
