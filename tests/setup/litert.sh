#!/usr/bin/env bash
# usage: LITERT_LIBRARY=$(tests/setup/litert.sh), or for phones LIB=$(tests/setup/litert.sh arm64)
#
# Puts LiteRT 2.3.0 into the user's cache folder, from the wheel of the Python package index whose hash is written below,
# and prints the path of its library. Needs python3 with pip; nothing is installed. The profiler loads this library when
# it runs `--backend litert`; `android` takes the one for arm64 with `--litert`. When LITERT_LIBRARY is set, or for arm64
# TAILOR_ARM64_LITERT, that path is printed and nothing done.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=2.3.0
case "${1:-}" in
'')
  folder=litert-$version variable=LITERT_LIBRARY given=${LITERT_LIBRARY:-}
  platform=manylinux_2_27_x86_64 hash=1f15078a6725d2357d9de9221664c29afa0545d807559c5f7199ce5e40b96b23
  ;;
arm64)
  folder=litert-$version-arm64 variable=TAILOR_ARM64_LITERT given=${TAILOR_ARM64_LITERT:-}
  platform=manylinux_2_27_aarch64 hash=853fc608f96da87bd5f3458465dfb9abbf18d5ae6b94eceacead407146f175ae
  ;;
*) echo "error: litert.sh takes arm64 or nothing, not \`$1\`" >&2 && exit 2 ;;
esac
folder=${XDG_CACHE_HOME:-$HOME/.cache}/tailor/$folder
library=$folder/libLiteRt.so
say() { echo "litert: $*" >&2; }

if [ -n "$given" ]; then
  if [ ! -f "$given" ]; then
    say "error: $variable=$given is not a file"
    exit 2
  fi
  say "using yours, $variable=$given"
  echo "$given"
  exit 0
fi

take_turns "$folder"
if [ -f "$library" ]; then
  say "already in $folder"
  echo "$library"
  exit 0
fi

need_network tests/setup/litert.sh "$@"
# What is for phones can be fetched anywhere.
if [ "${1:-}" != arm64 ] && [ "$(uname -sm)" != "Linux x86_64" ]; then
  say "error: no ready set-up for $(uname -sm). 'pip install ai-edge-litert==$version' in a Python virtual environment and"
  say "set LITERT_LIBRARY to the libLiteRt file in its folder ai_edge_litert"
  exit 2
fi
need_pip

say "fetching $version from the Python package index, 17 MB, into $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part/wheels" "$part/out"
echo "ai-edge-litert==$version --hash=sha256:$hash" >"$part/requirements.txt"
# Whatever Python runs this, the same wheel: only the C library in it is used.
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --implementation cp --python-version 3.11 --abi cp311 --platform "$platform" \
  --dest "$part/wheels" --requirement "$part/requirements.txt"
python3 - "$part" <<'P'
import glob, os, shutil, sys, zipfile

(part,) = sys.argv[1:]
(wheel,) = glob.glob(part + "/wheels/*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        file = os.path.basename(name)
        if file in ("libLiteRt.so", "LICENSE"):
            with archive.open(name) as source, open(os.path.join(part, "out", file), "wb") as sink:
                shutil.copyfileobj(source, sink)
P
rm -rf "$folder"
mv "$part/out" "$folder"
say "ready in $folder"
echo "$library"
