#!/bin/sh
# Installs what drives a browser from npm. `scripts/test-report.sh` uses it.
#
# usage: scripts/get-browser.sh
#
# Prints two lines: the browser, and the folder in `.migrator/tools` of this checkout that has the
# packages. Downloads the packages only if these versions are missing. Needs Node.js with npm, and
# Chromium or Chrome; does not install them. CHROMIUM names another program.
set -eu

playwright=1.65.1
axe=4.14.1

fail() {
    printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
    exit 1
}

checkout=$(cd "$(dirname "$0")/.." && pwd -P)
tools=$checkout/.migrator/tools
browser=
for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
    browser=$(command -v "$name") && break
done
[ -n "$browser" ] ||
    fail 'Chromium is not installed' "install your system's package, or name the program in CHROMIUM"
command -v node >/dev/null && command -v npm >/dev/null ||
    fail 'Node.js or npm is not installed' "install both from your system's packages"
installed=$tools/playwright-$playwright-axe-$axe
if [ ! -e "$installed" ]; then
    printf 'installing playwright-core %s and axe-core %s\n' "$playwright" "$axe" >&2
    mkdir -p "$tools"
    [ -e "$checkout/.migrator/.gitignore" ] || echo '*' >"$checkout/.migrator/.gitignore"
    # The last step is a rename, in one file system.
    unpacked=$(mktemp -d "$tools/.unpack-XXXXXX")
    log=$(mktemp)
    trap 'rm -rf "$unpacked" "$log"' EXIT
    trap 'exit 1' HUP INT TERM
    npm install --prefix "$unpacked" --ignore-scripts --no-audit --no-fund \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 \
        "playwright-core@$playwright" "axe-core@$axe" </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        fail 'playwright-core and axe-core could not be installed' 'see the log above'
    }
    mv "$unpacked" "$installed"
fi
# A browser may be installed and not start, for example without its libraries.
start="const { chromium } = require('playwright-core');
chromium.launch({ executablePath: process.argv[1], args: ['--no-sandbox'] })
  .then((browser) => browser.close());"
(cd "$installed" && node --eval "$start" "$browser") </dev/null >&2 ||
    fail "\`$browser\` does not start" 'see the error above'
printf '%s\n%s\n' "$browser" "$installed"
