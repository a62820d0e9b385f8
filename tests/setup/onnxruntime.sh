#!/usr/bin/env bash
# usage: ORT_DYLIB_PATH=$(tests/setup/onnxruntime.sh)
#
# Puts ONNX Runtime 1.32.0 into the user's cache folder, from the wheel of the Python package index whose hash is
# written below, and prints the path of its library. Needs python3 with pip; nothing is installed. The profiler loads
# this library when it runs `--backend onnxruntime`. When ORT_DYLIB_PATH is set, that path is printed and nothing done.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=1.32.0
folder=${XDG_CACHE_HOME:-$HOME/.cache}/tailor/onnxruntime-$version
library=$folder/libonnxruntime.so.$version
say() { echo "onnxruntime: $*" >&2; }

if [ -n "${ORT_DYLIB_PATH:-}" ]; then
  if [ ! -f "$ORT_DYLIB_PATH" ]; then
    say "error: ORT_DYLIB_PATH=$ORT_DYLIB_PATH is not a file"
    exit 2
  fi
  say "using yours, ORT_DYLIB_PATH=$ORT_DYLIB_PATH"
  echo "$ORT_DYLIB_PATH"
  exit 0
fi

take_turns "$folder"
if [ -f "$library" ]; then
  say "already in $folder"
  echo "$library"
  exit 0
fi

if [ "$(uname -sm)" != "Linux x86_64" ]; then
  say "error: no ready set-up for $(uname -sm). 'pip install onnxruntime==$version' in a Python virtual environment and"
  say "set ORT_DYLIB_PATH to the libonnxruntime file in its folder onnxruntime/capi"
  exit 2
fi
need_pip

say "fetching $version from the Python package index, 28 MB, into $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part/wheels" "$part/out"
cat >"$part/requirements.txt" <<'R'
onnxruntime==1.32.0 --hash=sha256:5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
R
# Whatever Python runs this, the same wheel: only the C library in it is used.
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_28_x86_64 \
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
