#!/bin/sh
# Runs the README's two commands in a minimal Debian system, as a new user does. The system has
# git, this machine's Rust toolchain and apt's sources, and the last commit of this checkout.
# Nothing else comes from this machine.
#
# usage: scripts/bare.sh [FOLDER]
#
# Needs root, Debian and debootstrap. FOLDER must not exist; the default is a new folder under
# /var/tmp. The script creates the system there, and removes it at the end. It prints the log of
# each command at once, and a table of exit codes and seconds at the end. The commands run in their
# own PID and mount namespaces, so that no process continues after this script.
set -eu

fail() {
    printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
    exit 1
}

[ "$(id -u)" -eq 0 ] || fail 'only root can create a system' 'run this script as root'
command -v debootstrap >/dev/null || fail '`debootstrap` is not installed' 'apt-get install debootstrap'
checkout=$(cd "$(dirname "$0")/.." && pwd -P)

if [ "${1-}" != --inside ]; then
    [ $# -le 1 ] || fail "unexpected argument \`$2\`" 'usage: scripts/bare.sh [FOLDER]'
    system=${1:-$(mktemp -u /var/tmp/bare-XXXXXX)}
    [ ! -e "$system" ] || fail "\`$system\` exists" 'name a folder that does not exist'
    toolchain=$(rustc --print sysroot)
    # `URI CODENAME COMPONENT` of each source that is Debian's.
    sources=$(apt-get indextargets --format '$(ORIGIN)|$(REPO_URI) $(CODENAME) $(COMPONENT)' |
        sed -n 's/^Debian|//p' | sort -u)
    [ -n "$sources" ] || fail 'apt has no Debian source' 'run `apt-get update`'
    . /etc/os-release
    mirror=$(printf '%s\n' "$sources" | awk -v name="$VERSION_CODENAME" '$2 == name { print $1; exit }')

    remove() { rm -rf --one-file-system "$system"; }
    trap remove EXIT
    trap 'exit 1' HUP INT TERM
    log=$(mktemp)
    debootstrap --variant=minbase --include=git,ca-certificates \
        "$VERSION_CODENAME" "$system" "$mirror" >"$log" 2>&1 || {
        cat "$log" >&2
        fail 'debootstrap failed' 'see the log above'
    }
    rm -f "$log"
    rm -f "$system/etc/apt/sources.list"
    printf '%s\n' "$sources" | sed 's/^/deb /' >"$system/etc/apt/sources.list.d/host.list"
    cp -a /etc/apt/apt.conf.d/. "$system/etc/apt/apt.conf.d/"
    # The resolver of this machine, and the certificate authorities that it trusts.
    cp -L /etc/resolv.conf "$system/etc/resolv.conf"
    cp -L /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/ca-certificates.crt"
    mkdir -p "$system$toolchain"
    git clone --quiet --no-local "$checkout" "$system/srv/migrator"

    unshare --mount --pid --fork --kill-child "$0" --inside "$system" "$toolchain"
    exit
fi

system=$2 toolchain=$3
mount --make-rprivate /
mount -t proc proc "$system/proc"
mount --rbind /dev "$system/dev"
mount --rbind /sys "$system/sys"
mount --bind "$toolchain" "$system$toolchain"
mount -o remount,bind,ro "$system$toolchain"

# The first two shell blocks of the README each have one command.
commands=$(awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$checkout/README.md" | head -n 2)
table=
failed=
old_ifs=$IFS
IFS='
'
for command in $commands; do
    printf '\n$ %s\n' "$command"
    began=$(date +%s)
    code=0
    env -i HOME=/root TERM=dumb PATH="$toolchain/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        chroot "$system" sh -c "cd /srv/migrator && $command" </dev/null 2>&1 || code=$?
    [ "$code" -eq 0 ] || failed=yes
    table="$table$(printf '%4s  %7s  %s' "$code" $(($(date +%s) - began)) "$command")
"
done
IFS=$old_ifs
printf '\n%4s  %7s  %s\n%s' exit seconds command "$table"
[ -z "$failed" ]
