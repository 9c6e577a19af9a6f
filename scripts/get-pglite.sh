#!/bin/sh
# Installs PGlite's socket server from npm. The tests of `--single-connection` use it.
#
# usage: scripts/get-pglite.sh
#
# Prints the path of the server's script for `node`, in `.migrator/tools` of this checkout. Downloads
# the packages only if this version is missing. Needs Node.js with npm, and does not install them.
set -eu

version=0.2.17

fail() {
    printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
    exit 1
}

checkout=$(cd "$(dirname "$0")/.." && pwd -P)
tools=$checkout/.migrator/tools
command -v node >/dev/null && command -v npm >/dev/null ||
    fail 'Node.js or npm is not installed' "install both from your system's packages"
if [ ! -e "$tools/pglite-$version" ]; then
    printf 'installing PGlite %s\n' "$version" >&2
    mkdir -p "$tools"
    [ -e "$checkout/.migrator/.gitignore" ] || echo '*' >"$checkout/.migrator/.gitignore"
    # The last step is a rename, in one file system.
    unpacked=$(mktemp -d "$tools/.unpack-XXXXXX")
    log=$(mktemp)
    trap 'rm -rf "$unpacked" "$log"' EXIT
    trap 'exit 1' HUP INT TERM
    npm install --prefix "$unpacked" --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 \
        "@electric-sql/pglite-socket@$version" </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        fail 'PGlite could not be installed' 'see the log above'
    }
    # An old Node.js cannot run it.
    (cd "$unpacked" && node --input-type=module --eval \
        'import { PGlite } from "@electric-sql/pglite"; await (await PGlite.create()).close();') \
        </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        fail "PGlite does not run on Node.js $(node --version)" 'install a newer Node.js'
    }
    mv "$unpacked" "$tools/pglite-$version"
fi
printf '%s\n' "$tools/pglite-$version/node_modules/@electric-sql/pglite-socket/dist/scripts/server.js"
