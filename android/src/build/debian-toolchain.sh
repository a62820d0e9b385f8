#!/usr/bin/env bash
# usage: debian-toolchain.sh FOLDER
#
# Makes FOLDER a toolchain that builds arm64 programs, out of Debian's packages: FOLDER/bin has rustc, a C compiler and
# ar; FOLDER/root what they need, and the shared libraries of dynamic programs. Neither root nor any change to the
# system: package lists and cache are FOLDER's own, and packages are unpacked, not installed. Versions are whatever the
# system's sources offer.
set -euo pipefail
folder=$(realpath -m -- "${1:?usage: debian-toolchain.sh FOLDER}")
recipe=3 # a toolchain made by another recipe is made anew
say() { echo "debian: $*" >&2; }
for program in apt-get apt-cache dpkg dpkg-deb; do
  command -v "$program" >/dev/null || { say "no $program here" && exit 1; }
done
mkdir -p "$(dirname "$folder")"
exec 9<"$(dirname "$folder")"
flock 9 # two builds at once: the second waits, then finds it done
[ "$(cat "$folder/complete" 2>/dev/null)" = "$recipe" ] && exit 0

part=$folder.part
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part"/{state/lists/partial,cache/archives/partial,deb,root,bin}
: >"$part/state/status"
# On top of the system's configuration, which knows its sources and proxies. The hooks cleared are those that tidy up
# the system's own cache.
cat >"$part/apt.conf" <<A
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
Dir::State "$part/state";
Dir::State::status "$part/state/status";
Dir::Cache "$part/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
quiet "2";
A
apt=(-c "$part/apt.conf")

say 'reading package lists for amd64 and arm64'
apt-get "${apt[@]}" update >&2
# depends PACKAGE PATTERN: the dependency of PACKAGE that matches PATTERN.
depends() {
  apt-cache "${apt[@]}" depends "$1" | sed -n "s/^ *Depends: \($2\)\$/\1/p" | sort -uV | tail -n 1 | grep . ||
    { say "no package $1 with a dependency on $2 among the system's sources" && exit 1; }
}
std=$(depends libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
llvm=$(depends "$std" 'libllvm[0-9.]*')
gcc=$(depends gcc-aarch64-linux-gnu 'gcc-[0-9]*-aarch64-linux-gnu')
libgcc=$(depends "$gcc" 'libgcc-[0-9]*-dev-arm64-cross')

say 'fetching rustc-web, its arm64 standard library and a C compiler for arm64'
packages=(
  rustc-web "$std" libstd-rust-web-dev libstd-rust-web-dev:arm64 "$llvm"
  gcc-aarch64-linux-gnu "$gcc" "cpp${gcc#gcc}" binutils-aarch64-linux-gnu "$libgcc" libgcc-s1-arm64-cross
  libc6-dev-arm64-cross libc6-arm64-cross linux-libc-dev-arm64-cross libstdc++6-arm64-cross
)
(cd "$part/deb" && apt-get "${apt[@]}" download "${packages[@]}" >&2)
say 'unpacking'
for package in "$part"/deb/*.deb; do
  dpkg-deb -x "$package" "$part/root"
done
# The linker script names its parts by absolute path; by name alone they are looked for where the script is. So the
# toolchain can be moved.
sed -i "s#/usr/aarch64-linux-gnu/lib/##g" "$part/root/usr/aarch64-linux-gnu/lib/libc.so"
for program in rustc aarch64-linux-gnu-gcc aarch64-linux-gnu-ar; do
  {
    echo '#!/bin/sh'
    echo 'root=$(dirname "$(dirname "$(realpath "$0")")")/root'
    echo "LD_LIBRARY_PATH=\"\$root/usr/lib/x86_64-linux-gnu\" exec \"\$root/usr/bin/$program\" \"\$@\""
  } >"$part/bin/$program"
  chmod +x "$part/bin/$program"
done
rm -rf "$part/deb" "$part/state" "$part/cache" "$part/apt.conf"
echo "$recipe" >"$part/complete"
rm -rf "$folder"
mv "$part" "$folder"
say "ready in $folder"
