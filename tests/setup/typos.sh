#!/usr/bin/env bash
# usage: TYPOS=$(tests/setup/typos.sh)
#
# Puts the spelling checker typos into the user's cache folder, from the wheel of the Python package index whose hash is written
# below, and prints its path. Needs python3 with pip; nothing is installed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=1.52.0
hash=418fd85f7fc11dec14e5482e747f6e916af56da96207cde0cdd69540a4b389f6
folder=${XDG_CACHE_HOME:-$HOME/.cache}/tailor/typos-$version
say() { echo "typos: $*" >&2; }

take_turns "$folder"
if [ -x "$folder/typos" ]; then
  say "already in $folder"
  echo "$folder/typos"
  exit 0
fi

need_network tests/setup/typos.sh
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  say "error: no ready set-up for $(uname -sm): 'cargo install typos-cli' and run it in the checkout"
  exit 2
fi
need_pip

say "fetching $version from the Python package index, 8 MB, into $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part/wheels" "$part/out"
echo "typos==$version --hash=sha256:$hash" >"$part/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --platform manylinux2014_x86_64 --dest "$part/wheels" --requirement "$part/requirements.txt"
python3 -m zipfile -e "$part"/wheels/typos-*.whl "$part/wheel"
mv "$part"/wheel/typos-*.data/scripts/typos "$part/out/"
chmod +x "$part/out/typos"
rm -rf "$folder"
mv "$part/out" "$folder"
say "ready in $folder"
echo "$folder/typos"
