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

. "$(dirname "$0")/from-npm.sh"

browser=
for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
    browser=$(command -v "$name") && break
done
[ -n "$browser" ] ||
    fail 'Chromium is not installed' "install your system's package, or name the program in CHROMIUM"

loads() {
    node --eval "require('playwright-core'); require('axe-core')"
}

need_npm
from_npm "playwright-$playwright-axe-$axe" "playwright-core $playwright and axe-core $axe" loads \
    "playwright-core@$playwright" "axe-core@$axe"
# A browser may be installed and not start, for example without its libraries.
start="const { chromium } = require('playwright-core');
chromium.launch({ executablePath: process.argv[1], args: ['--no-sandbox'] })
  .then((browser) => browser.close());"
(cd "$installed" && node --eval "$start" "$browser") </dev/null >&2 ||
    fail "\`$browser\` does not start" 'see the error above'
printf '%s\n%s\n' "$browser" "$installed"
