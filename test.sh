#!/usr/bin/env bash
# usage: ./test.sh [--phone]
#
# Sets up what the tests need, then checks formatting, spelling, clippy, rustdoc and every test. What is set up already is used
# as it is, and cargo builds only what changed, so a second run is short. Works offline once everything is there.
#
#   --phone   run the tests on the test phone as well (see README, "Phones"): 5 minutes, and the first time some twelve
#             more to compile for arm64. Where this computer can have no test phone, that is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

with_phone= left_out=
case "${1:-}" in
'') ;;
--phone) with_phone=yes ;;
-h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0" && exit 0 ;;
*) echo "error: test.sh takes --phone or nothing, not \`$1\`" >&2 && exit 2 ;;
esac

started=$SECONDS
say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - started)); }

say "Set up: libtorch to build with; Fashion-MNIST, ONNX Runtime, LiteRT and ONNX's operator tests for the tests that need them"
command -v cargo >/dev/null || { echo 'error: cargo is needed (https://rustup.rs)' >&2 && exit 2; }
tests/setup/libtorch.sh
# Without these everything else is still tested, and what is left out is said at the end.
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
if LITERT_LIBRARY=$(tests/setup/litert.sh); then
  export LITERT_LIBRARY
else
  without+=('LiteRT')
  unset LITERT_LIBRARY
fi

if TAILOR_ONNX_OPERATORS=$(tests/setup/onnx_operators.sh); then
  export TAILOR_ONNX_OPERATORS
else
  printf "\nLEFT OUT: ONNX's operator tests, whose models could not be had (see above)\n"
  unset TAILOR_ONNX_OPERATORS
fi

if TAILOR_TFLITE=$(tests/setup/tflite_files.sh); then
  export TAILOR_TFLITE
else
  printf '\nLEFT OUT: real TensorFlow Lite files, which could not be had (see above)\n'
  unset TAILOR_TFLITE
fi

say 'Build (the tests run these programs)'
cargo build --workspace --release

say 'Formatting and spelling'
cargo fmt --all -- --check
if typos=$(tests/setup/typos.sh); then
  "$typos"
else
  printf '\nLeft out: the spelling, for which the program typos could not be set up (see above)\n'
fi

say 'Clippy, and the profiler without its runtimes and command line'
cargo clippy --workspace --all-targets --release -- -D warnings
cargo check -p profiler --no-default-features --release

say 'Rustdoc'
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --release

# Tests marked as ignored are those that need one of these; those named test_phone_ or readme_ need a phone: below.
if [ "${#without[@]}" -eq 0 ]; then
  say 'Tests, all of them'
  # The public tables are not part of this project: their tests run where TAILOR_TABLES names their folder.
  skip=(--skip test_phone_ --skip readme_)
  [ -n "${TAILOR_TABLES:-}" ] || skip+=(--skip public_tables_)
  [ -n "${TAILOR_ONNX_OPERATORS:-}" ] || skip+=(--skip operator_tests_)
  [ -n "${TAILOR_TFLITE:-}" ] || skip+=(--skip tflite_files_)
  cargo test --workspace --release --no-fail-fast -- --include-ignored "${skip[@]}"
else
  say 'Tests, without those that are ignored'
  cargo test --workspace --release --no-fail-fast
  printf '\nLeft out, because it could not be set up (see above): tests that need %s\n' "${without[@]}"
fi

if [ -z "$with_phone" ]; then
  printf '\nLeft out: tests on the test phone; ./test.sh --phone runs them as well\n'
else
  say 'The test phone: adbd and an emulated arm64 processor, in namespaces'
  programs=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
  if ! "$programs/android" test-phone -- true; then
    printf '\nLEFT OUT: all tests on the test phone, which this computer cannot have (see above)\n'
    left_out=', but no test ran on the test phone'
  else
    # The first time this compiles the profiler once more, for arm64; the target folder keeps it.
    say 'The profiler for the phone (about ten minutes the first time)'
    built=$("$programs/android" build --route debian --json)
    TAILOR_ARM64_PROFILER=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["path"])' <<<"$built")
    export TAILOR_ARM64_PROFILER
    # Another one, to load ONNX Runtime's library: all but the profiler itself is compiled already.
    skip=()
    if TAILOR_ARM64_ONNXRUNTIME=$(tests/setup/onnxruntime.sh arm64); then
      export TAILOR_ARM64_ONNXRUNTIME
      "$programs/android" build --route debian --onnxruntime "$TAILOR_ARM64_ONNXRUNTIME"
    else
      printf '\nLEFT OUT: tests of ONNX Runtime on the test phone, whose library could not be had (see above)\n'
      skip=(--skip test_phone_onnxruntime_)
      left_out=', but no test of ONNX Runtime ran on the test phone'
    fi
    say "The commands of README and docs, in order, in a fresh copy of this checkout"
    timeout --foreground 1800 cargo test --workspace --release --test readme_commands -- --ignored
    say 'Tests on the test phone'
    # One at a time: some of them take the phone away. There is no network in there. They take some minutes; a phone
    # that hangs is ended, with all that runs on it.
    timeout --foreground 1800 "$programs/android" test-phone --phones 2 -- \
      cargo test --offline --workspace --release --no-fail-fast test_phone_ -- --ignored --test-threads 1 --show-output "${skip[@]}"
  fi
fi
say "All green$left_out"
