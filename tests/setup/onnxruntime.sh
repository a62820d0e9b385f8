#!/usr/bin/env bash
# usage: ORT_DYLIB_PATH=$(tests/setup/onnxruntime.sh), or for phones LIB=$(tests/setup/onnxruntime.sh arm64)
#
# Puts ONNX Runtime 1.32.0 into the user's cache folder, from the wheel of the Python package index whose hash is
# written below, and prints the path of its library. Needs python3 with pip; nothing is installed. The profiler loads
# this library when it runs `--backend onnxruntime`; `android` takes the one for arm64 with `--onnxruntime`. When
# ORT_DYLIB_PATH is set, or for arm64 TAILOR_ARM64_ONNXRUNTIME, that path is printed and nothing done.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=1.32.0
case "${1:-}" in
'')
  folder=onnxruntime-$version variable=ORT_DYLIB_PATH given=${ORT_DYLIB_PATH:-}
  platform=manylinux_2_28_x86_64 hash=5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
  ;;
arm64)
  folder=onnxruntime-$version-arm64 variable=TAILOR_ARM64_ONNXRUNTIME given=${TAILOR_ARM64_ONNXRUNTIME:-}
  platform=manylinux_2_28_aarch64 hash=2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c
  ;;
*) echo "error: onnxruntime.sh takes arm64 or nothing, not \`$1\`" >&2 && exit 2 ;;
esac
folder=${XDG_CACHE_HOME:-$HOME/.cache}/tailor/$folder
library=$folder/libonnxruntime.so.$version
say() { echo "onnxruntime: $*" >&2; }

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

need_network tests/setup/onnxruntime.sh "$@"
# What is for phones can be fetched anywhere.
if [ "${1:-}" != arm64 ] && [ "$(uname -sm)" != "Linux x86_64" ]; then
  say "error: no ready set-up for $(uname -sm). 'pip install onnxruntime==$version' in a Python virtual environment and"
  say "set ORT_DYLIB_PATH to the libonnxruntime file in its folder onnxruntime/capi"
  exit 2
fi
need_pip

say "fetching $version from the Python package index, 23 to 28 MB, into $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part/wheels" "$part/out"
echo "onnxruntime==$version --hash=sha256:$hash" >"$part/requirements.txt"
# Whatever Python runs this, the same wheel: only the C library in it is used.
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --implementation cp --python-version 3.11 --abi cp311 --platform "$platform" \
  --dest "$part/wheels" --requirement "$part/requirements.txt"
python3 - "$part" "$version" <<'P'
import glob, os, shutil, sys, zipfile

part, version = sys.argv[1:]
names = [f"onnxruntime/capi/libonnxruntime.so.{version}", "onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt"]
(wheel,) = glob.glob(part + "/wheels/*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in names:
        with archive.open(name) as source, open(os.path.join(part, "out", os.path.basename(name)), "wb") as sink:
            shutil.copyfileobj(source, sink)
P
rm -rf "$folder"
mv "$part/out" "$folder"
say "ready in $folder"
echo "$library"
