#!/bin/sh
# Makes what a release offers for download. For each target: an archive with the program, its
# completions and manual pages, README, CHANGELOG and licences, and the bill of materials (SBOM, CycloneDX). For all
# files: SHA256SUMS.
#
# usage: scripts/release.sh [--target TARGET]… [--folder FOLDER]
#        scripts/release.sh --binary FILE [--target TARGET] [--folder FOLDER]
#
# Builds the last commit, in a clone: the checkout must have no changes. TARGET is a target of rustc.
# The default is musl on the processor of this machine, if `rustup target add` has installed its
# library, and glibc otherwise. Each program is static: it runs on any Linux of its processor, and in
# an empty image.
#
# FOLDER must be empty. The default is `target/release-VERSION`, whose content is replaced.
#
# With --binary, the script packs FILE, and builds nothing. FILE must run on this machine.
#
# The same commit and the same toolchain give the same files. The time in them is the commit's.
set -eu
export LC_ALL=C

package=migrator-cli manifest=cli

caller=$(pwd -P)
cd "$(dirname "$0")/.."
top=$(pwd -P)

fail() {
    printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
    exit 1
}

usage='usage: scripts/release.sh [--target TARGET]… [--binary FILE] [--folder FOLDER]'
targets='' folder='' binary=''
while [ $# -gt 0 ]; do
    case $1 in --target | --binary | --folder) [ -n "${2-}" ] || fail "\`$1\` has no value" "$usage" ;; esac
    case $1 in
    --target) targets="$targets $2" ;;
    --binary) binary=$2 ;;
    --folder) folder=$2 ;;
    *) fail "unexpected argument \`$1\`" "$usage" ;;
    esac
    shift 2
done
case $folder in '' | /*) ;; *) folder=$caller/$folder ;; esac
case $binary in '' | /*) ;; *) binary=$caller/$binary ;; esac
host=$(rustc -vV | sed -n 's/^host: //p')
processor=${host%%-*}

# Whether rustc has the standard library of a target.
has_library() { [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]; }

if [ -n "$binary" ]; then
    [ -f "$binary" ] && [ -x "$binary" ] || fail "\`$binary\` is not a program" "$usage"
    targets=${targets:-$host}
    [ "$(printf '%s' "$targets" | wc -w)" -eq 1 ] || fail 'one program has one target' "$usage"
else
    changes=$(git status --porcelain)
    [ -z "$changes" ] || fail 'the checkout has changes' 'commit or stash them'
    if [ -z "$targets" ]; then
        targets=$processor-unknown-linux-musl
        has_library "$targets" || targets=$host
    fi
    scripts/prepare.sh compiler
    for target in $targets; do
        has_library "$target" || fail "rustc cannot build for \`$target\`" "run \`rustup target add $target\`"
        case $target in "$processor"-*-musl) scripts/prepare.sh musl ;; esac
    done
fi

commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit")
export SOURCE_DATE_EPOCH
version=$(git show "$commit:Cargo.toml" | sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p')
[ -n "$version" ] || fail 'Cargo.toml has no version' 'see `[workspace.package]`'

if [ -z "$folder" ]; then
    folder=target/release-$version
    rm -rf "$folder"
fi
mkdir -p "$folder"
[ -z "$(ls -A "$folder")" ] || fail "the folder \`$folder\` is not empty" 'name a new folder'
folder=$(cd "$folder" && pwd -P)

cyclonedx=$(scripts/get-cyclonedx.sh)

work=$(mktemp -d)
# The clone of each build has the same path, because the path is an input of the compiler.
source=$top/target/release-source
[ -z "$binary" ] || source=$work/source
trap 'rm -rf "$work" "$source"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$source"
git clone --quiet --shared --no-checkout "$top" "$source"
git -C "$source" checkout --quiet --detach "$commit"

# Compiles the program for a target, without paths of this machine. `--target` keeps the flags away
# from build scripts and macros, which cannot be static.
build() {
    printf 'building %s for %s\n' "$package" "$1" >&2
    flags="-C target-feature=+crt-static --remap-path-prefix=$source=/migrator"
    flags="$flags --remap-path-prefix=$top/target=/target"
    flags="$flags --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
    (cd "$source" && RUSTFLAGS=$flags CARGO_TARGET_DIR=$top/target \
        cargo build --quiet --release --locked --package "$package" --target "$1")
}

# Writes the completions of a program. Each file has the name that its shell expects.
complete() {
    mkdir -p "$2"
    "$1" completions bash >"$2/migrator.bash"
    "$1" completions elvish >"$2/migrator.elv"
    "$1" completions fish >"$2/migrator.fish"
    "$1" completions powershell >"$2/_migrator.ps1"
    "$1" completions zsh >"$2/_migrator"
}

# Writes the manual pages of a program.
manual() { "$1" man --quiet "$2" >/dev/null; }

# Packs a folder. The same content gives the same archive.
pack() {
    tar -cf "$folder/$1.tar" -C "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner \
        --mode=u+rwX,go+rX,go-w --mtime="@$SOURCE_DATE_EPOCH" "$1"
    gzip -n "$folder/$1.tar"
}

# Lists the dependencies. cargo-cyclonedx writes a file beside each manifest: the program's is the
# release's. The list must not depend on the folder of the clone.
list() {
    (cd "$source" && "$cyclonedx" cyclonedx -qq --format json --spec-version 1.5 --target "$1" \
        --override-filename sbom)
    path=$(printf '%s' "$source" | sed 's/[][\.*^$|]/\\&/g')
    sed "s|file://$path|file:///migrator|g" "$source/$manifest/sbom.json"
}

for target in $targets; do
    name=migrator-$version-$target
    program=$binary runner=$binary
    if [ -z "$binary" ]; then
        build "$target"
        program=target/$target/release/migrator
        ! readelf --program-headers "$program" | grep -q INTERP ||
            fail "the program for \`$target\` is not static" 'choose a target whose C library can be static'
        # A program for another processor does not run here. Its completions and pages are the same.
        runner=$program
        if [ "${target%%-*}" != "$processor" ]; then
            build "$host"
            runner=target/$host/release/migrator
        fi
    fi
    complete "$runner" "$work/$name/completions"
    manual "$runner" "$work/$name/man/man1"
    cp "$program" "$work/$name/migrator"
    for file in README.md CHANGELOG.md LICENSE LICENSE-MIT LICENSE-APACHE; do
        cp "$source/$file" "$work/$name/"
    done
    pack "$name"
    list "$target" >"$folder/$name.cdx.json"
done

cd "$folder"
sha256sum -- *.tar.gz *.cdx.json >SHA256SUMS
cat SHA256SUMS
