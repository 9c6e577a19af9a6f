#!/bin/sh
# Installs PGlite's socket server from npm. The tests of `--single-connection` use it.
#
# usage: scripts/get-pglite.sh
#
# Prints the path of the server's script for `node`, in `.migrator/tools` of this checkout. Downloads
# the packages only if this version is missing. Needs Node.js with npm, and does not install them.
set -eu

version=0.2.17

. "$(dirname "$0")/from-npm.sh"

# An old Node.js cannot run it.
runs() {
    node --input-type=module --eval \
        'import { PGlite } from "@electric-sql/pglite"; await (await PGlite.create()).close();'
}

need_npm
from_npm "pglite-$version" "PGlite $version" runs "@electric-sql/pglite-socket@$version"
printf '%s\n' "$tools/pglite-$version/node_modules/@electric-sql/pglite-socket/dist/scripts/server.js"
