# A part of get-pglite.sh and get-browser.sh, which read it with `.`: installs packages from npm in
# `.migrator/tools` of this checkout. Needs Node.js with npm, and does not install them.

fail() {
    printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
    exit 1
}

checkout=$(cd "$(dirname "$0")/.." && pwd -P)
tools=$checkout/.migrator/tools

need_npm() {
    command -v node >/dev/null && command -v npm >/dev/null ||
        fail 'Node.js or npm is not installed' "install both from your system's packages"
}

# usage: from_npm FOLDER WHAT CHECK PACKAGE…
#
# Installs the packages in the folder of `$tools`, unless the folder exists. The function CHECK runs in
# the folder with the packages before the folder gets its name; its output is in `$log`.
from_npm() {
    installed=$tools/$1
    what=$2
    check=$3
    shift 3
    [ ! -e "$installed" ] || return 0
    printf 'installing %s\n' "$what" >&2
    mkdir -p "$tools"
    [ -e "$checkout/.migrator/.gitignore" ] || echo '*' >"$checkout/.migrator/.gitignore"
    # The last step is a rename, in one file system.
    unpacked=$(mktemp -d "$tools/.unpack-XXXXXX")
    log=$(mktemp)
    trap 'rm -rf "$unpacked" "$log"' EXIT
    trap 'exit 1' HUP INT TERM
    npm install --prefix "$unpacked" --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 "$@" </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        fail "$what could not be installed" 'see the log above'
    }
    (cd "$unpacked" && "$check") </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        fail "$what does not run on Node.js $(node --version)" 'install a newer Node.js'
    }
    mv "$unpacked" "$installed"
}
