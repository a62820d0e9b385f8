#!/usr/bin/env bash
# usage: TAILOR_ONNX_OPERATORS=$(tests/setup/onnx_operators.sh)
#
# Puts the models of ONNX 1.23.2's operator tests into the user's cache folder and prints its path. The package makes them
# itself: it and what it needs are fetched from the Python package index by the hashes below into a scratch folder, and
# nothing is installed. Needs python3, 3.11 to 3.14, with pip. When TAILOR_ONNX_OPERATORS is set, that path is printed and
# nothing done.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=1.23.2
folder=${XDG_CACHE_HOME:-$HOME/.cache}/tailor/onnx-operators-$version
say() { echo "onnx_operators: $*" >&2; }

if [ -n "${TAILOR_ONNX_OPERATORS:-}" ]; then
  if [ ! -d "$TAILOR_ONNX_OPERATORS" ]; then
    say "error: TAILOR_ONNX_OPERATORS=$TAILOR_ONNX_OPERATORS is not a folder"
    exit 2
  fi
  say "using yours, TAILOR_ONNX_OPERATORS=$TAILOR_ONNX_OPERATORS"
  echo "$TAILOR_ONNX_OPERATORS"
  exit 0
fi

take_turns "$folder"
if [ -d "$folder" ]; then
  say "already in $folder"
  echo "$folder"
  exit 0
fi

need_network tests/setup/onnx_operators.sh
need_pip
case "$(uname -sm) $(python3 -c 'import sys; print(*sys.version_info[:2], sep=".")')" in
"Linux x86_64 3.11") numpy=2.4.6 ;;
"Linux x86_64 3.12" | "Linux x86_64 3.13" | "Linux x86_64 3.14") numpy=2.5.5 ;;
*)
  say "error: no ready set-up for $(uname -sm) with $(python3 --version); 'pip install onnx==$version' in a Python virtual"
  say "environment, write the models of onnx.backend.test.loader.load_model_tests(kind='node') into a folder, each as"
  say "NAME.onnx, and set TAILOR_ONNX_OPERATORS to it"
  exit 2
  ;;
esac

say "fetching $version from the Python package index, 30 MB, and making its models in $folder"
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part/out"
# One hash for each Python.
cat >"$part/requirements.txt" <<R
onnx==$version --hash=sha256:c03ecf6b835d136108eeaeeafbd0026fc7b3cf98661409fbc6b63d5a29361348 --hash=sha256:7abf381d278f31ac62487fddedc9dd42da842dce94d5d43536836ee3efdf4a2b
ml_dtypes==0.6.0 --hash=sha256:6c8e39b53e90afda8ce52859c93de4dba3e02b76d85dcf091cc469f9184c6dae --hash=sha256:3b4a480aa8fd54a1805b8ac10f3f91763926a74f73c0c364c10f9231854f4170 --hash=sha256:26b1f1fa4f0435a2946859823f6e2bf06796f1e9f10f5a05b08a5e3c8f46ff69 --hash=sha256:8f490c003369ce60e514a0c3b12374f05274c101fee1bead6740ec8a564032b0
numpy==$numpy --hash=sha256:89cd468399cfd2504718f0ba50e410dca55a170b61a02ad92bb18c8a65186e93 --hash=sha256:704d819265e5d1064d932968e9ee85fff2103ccc78c05b878c06943ba27b8507 --hash=sha256:824025655df929268bfe6b47ed91a00d14209a6f760847cf150be446829e1ce4 --hash=sha256:c48960d420e90cf305cb1fde0d4e6082cc90512cda87a9acf0b6e04e91cf4abe
protobuf==7.36.2 --hash=sha256:89f23aa53c24553a2416fd4fd1ec06f74fa42b14b546d8883128813f775bbfd2
typing_extensions==4.16.0 --hash=sha256:481caa481374e813c1b176ada14e97f1f67a4539ce9cfeb3f350d78d6370c2e8
R
python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
  --require-hashes --target "$part/packages" --requirement "$part/requirements.txt" >&2
PYTHONPATH=$part/packages python3 -W ignore - "$part/out" >&2 <<'P'
import pathlib, sys
from onnx.backend.test.loader import load_model_tests

for case in load_model_tests(kind="node"):
    pathlib.Path(sys.argv[1], case.name + ".onnx").write_bytes(case.model.SerializeToString())
P
mv "$part/out" "$folder"
say "ready in $folder"
echo "$folder"
