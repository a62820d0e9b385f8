#!/usr/bin/env bash
# usage: tests/setup/images.sh [FOLDER]
#
# Puts Fashion-MNIST (60,000 + 10,000 grey images of 28x28, MIT licence) into FOLDER (default: images/ of this
# checkout), out of Debian's package dataset-fashion-mnist. Needs apt-get, but neither root nor any change to the
# system: package lists and cache are its own, and the package is unpacked, not installed. Does nothing when the
# images are there already, or when TAILOR_IMAGES names a folder of your own.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${1:-$root/images}
say() { echo "images: $*" >&2; }
need="a folder that holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
        t10k-labels-idx1-ubyte (each plain or .gz)"

if [ -n "${TAILOR_IMAGES:-}" ] && [ "$TAILOR_IMAGES" != "$folder" ]; then
  if [ ! -d "$TAILOR_IMAGES" ]; then
    say "error: TAILOR_IMAGES=$TAILOR_IMAGES is not a folder; it must be $need"
    exit 2
  fi
  say "using yours, TAILOR_IMAGES=$TAILOR_IMAGES"
  exit 0
fi

take_turns "$folder"
rmdir "$folder" 2>/dev/null || true # an empty one is none
if [ -d "$folder" ]; then
  say "already in $folder"
  exit 0
fi

need_network tests/setup/images.sh "$folder"
for program in apt-get dpkg-deb; do
  if ! command -v "$program" >/dev/null; then
    say "error: this system has no $program to fetch Fashion-MNIST with. Get its four files yourself (the project"
    say "page is github.com/zalandoresearch/fashion-mnist) and set TAILOR_IMAGES to $need"
    exit 2
  fi
done

say "fetching Debian's package dataset-fashion-mnist, 31 MB, into $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part"/{state/lists/partial,cache/archives/partial,deb,root}
part=$(cd "$part" && pwd)
# On top of the system's configuration, which knows its sources and proxies. The hooks cleared are those that tidy up
# the system's own cache.
cat >"$part/apt.conf" <<A
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$part/state";
Dir::State::status "$part/state/status";
Dir::Cache "$part/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
quiet "2";
A
: >"$part/state/status"
if ! apt-get -c "$part/apt.conf" update >&2 ||
  ! (cd "$part/deb" && apt-get -c "$part/apt.conf" download dataset-fashion-mnist >&2); then
  say "error: apt-get could not fetch dataset-fashion-mnist from the sources of this system (it is in Debian's main"
  say "and Ubuntu's universe); or get the four files yourself and set TAILOR_IMAGES to $need"
  exit 1
fi
dpkg-deb -x "$part"/deb/dataset-fashion-mnist_*.deb "$part/root"
mkdir "$part/out"
mv "$part/root/usr/share/datasets/fashion-mnist" "$part/out/"
mv "$part/root/usr/share/doc/dataset-fashion-mnist/copyright" "$part/out/fashion-mnist/"
mv "$part/out" "$folder"
say "ready in $folder"
