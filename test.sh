#!/usr/bin/env bash
# usage: ./test.sh
#
# Sets up what the tests need, then checks formatting, clippy, rustdoc and every test. What is set up already is used
# as it is, and cargo builds only what changed, so a second run is short. Works offline once everything is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

case "${1:-}" in
'') ;;
-h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 0 ;;
*) echo "error: test.sh takes no argument, not \`$1\`" >&2 && exit 2 ;;
esac

started=$SECONDS
say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - started)); }

say 'Set up: libtorch to build with; Fashion-MNIST and ONNX Runtime for the tests that need them'
command -v cargo >/dev/null || { echo 'error: cargo is needed (https://rustup.rs)' >&2 && exit 2; }
tests/setup/libtorch.sh
# Without these two everything else is still tested, and what is left out is said at the end.
without=()
if tests/setup/images.sh; then
  export TAILOR_IMAGES=${TAILOR_IMAGES:-$PWD/images}
else
  without+=('Fashion-MNIST')
fi
if ORT_DYLIB_PATH=$(tests/setup/onnxruntime.sh); then
  export ORT_DYLIB_PATH
else
  without+=('ONNX Runtime')
  unset ORT_DYLIB_PATH
fi

say 'Formatting'
cargo fmt --all -- --check

say 'Build (the tests run these programs)'
cargo build --workspace --release

say 'Clippy'
cargo clippy --workspace --all-targets --release -- -D warnings

say 'Rustdoc'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --release

# Tests marked as ignored are those that need one of the two.
if [ "${#without[@]}" -eq 0 ]; then
  say 'Tests, all of them'
  # The public tables are not part of this project: their tests run where TAILOR_TABLES names their folder.
  skip=()
  [ -n "${TAILOR_TABLES:-}" ] || skip=(--skip public_tables_)
  cargo test --workspace --release --no-fail-fast -- --include-ignored "${skip[@]}"
else
  say 'Tests, without those that are ignored'
  cargo test --workspace --release --no-fail-fast
  printf '\nLeft out, because it could not be set up (see above): tests that need %s\n' "${without[@]}"
fi
say 'All green'
