#!/usr/bin/env bash
# usage: ./quickstart.sh [--phone [SERIAL]] [--preset quick|thorough|smoke] [--seed N] [--images DIR] [--run DIR] [--fetch]
#
# From nothing to a network cut to fit this computer, or a phone: sets up libtorch and Fashion-MNIST, builds, measures this
# computer, fits a latency model, searches, trains and exports the network that was found, measures it here, and prints
# predicted against measured. Every command is printed before it runs. Start it again after a stop and it resumes;
# what is finished is not done twice.
#
#   --phone [SERIAL]    measure a phone instead of this computer: the one of this serial, or the only one connected.
#                       All that is compiled or trained still is so here. See README, "Phones".
#   --preset quick      the whole pipeline in about 10 minutes on two cores (default)
#   --preset thorough   about an hour, for results to rely on
#   --preset smoke      every stage in its smallest form: shows that the pipeline is whole, and nothing else
#   --seed N            random seed (default 0)
#   --images DIR        your own MNIST-style data set (default: TAILOR_IMAGES, else Fashion-MNIST)
#   --run DIR           where all results go (default run/computer, or with --phone run/phone)
#   --fetch             fetch libtorch, Fashion-MNIST and crates, and stop: the same command without it needs no network
set -euo pipefail

usage() { sed -n '2,/^set -euo/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }
fail() {
  echo "error: $1" >&2
  exit "${2:-2}"
}

preset=quick seed=0 run= images=${TAILOR_IMAGES:-} phone=no serial= fetch=no
while [ $# -gt 0 ]; do
  case $1 in
  -h | --help) usage && exit 0 ;;
  --fetch) fetch=yes && shift ;;
  --phone)
    phone=yes
    shift
    if [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; then
      serial=$1
      shift
    fi
    ;;
  --preset | --seed | --images | --run)
    [ $# -ge 2 ] || fail "$1 needs a value"
    case $1 in
    --preset) preset=$2 ;;
    --seed) seed=$2 ;;
    --images) images=$(realpath -m -- "$2") ;;
    --run) run=$2 ;;
    esac
    shift 2
    ;;
  *) fail "unknown option \`$1\`; see ./quickstart.sh --help" ;;
  esac
done
[[ $seed =~ ^[0-9]{1,18}$ ]] || fail "--seed must be a whole number, not \`$seed\`"

case $preset in
quick) networks=30 controls=20 budget_s=180 search=(--preset quick) train=(--preset quick) ;;
thorough) networks=100 controls=20 budget_s=900 search=(--preset thorough) train=(--preset thorough) ;;
smoke)
  networks=12 controls=2 budget_s=20
  search=(--warm-up-steps 2 --steps 4 --alpha-every 2 --held-out 40 --batch 20)
  train=(--epochs 1 --batch 40)
  ;;
*) fail "--preset must be quick, thorough or smoke, not \`$preset\`" ;;
esac

[ "$phone" = yes ] && measured=phone || measured=computer
run=$(realpath -m -- "${run:-run/$measured}")
cd "$(dirname "${BASH_SOURCE[0]}")"

# A run folder belongs to one set of options: half of one run and half of another would look like a result.
options="preset=$preset seed=$seed images=${images:-fashion-mnist}"
[ "$phone" = no ] || options+=" phone=$serial"
if [ -d "$run" ] && [ "$(cat "$run/quickstart" 2>/dev/null)" != "$options" ]; then
  fail "\`$run\` was not made with '$options' but with '$(cat "$run/quickstart" 2>/dev/null || echo 'something else')'; \
remove it, or give another folder with --run"
fi

say() { printf '\n== %s\n' "$*"; }

# stage NAME OUTPUT COMMAND...: says and runs COMMAND, which writes OUTPUT when, and only when, it is finished.
stage() {
  local name=$1 output=$2 started=$SECONDS
  shift 2
  say "$name"
  if [ -e "$output" ]; then
    echo "already done: $output"
    return
  fi
  command_line "$@"
  "$@" || fail "stage '$name' stopped; start ./quickstart.sh again to resume" $?
  [ -e "$output" ] || fail "stage '$name' ended without writing $output" 1
  echo "$((SECONDS - started)) s"
}

# show NAME COMMAND...: says and runs COMMAND, which only prints; so it runs every time.
show() {
  say "$1"
  shift
  command_line "$@"
  "$@" || fail "\`${1##*/} $2\` failed" $?
}

command_line() {
  printf '$'
  printf ' %q' "${1##*/}" "${@:2}"
  printf '\n'
}

say 'Set up'
command -v cargo >/dev/null || fail 'cargo is needed: https://rustup.rs'
[ "$phone$fetch" != yesno ] || command -v "${TAILOR_ADB:-adb}" >/dev/null || fail 'adb is needed (Debian: apt-get install adb)'
tests/setup/libtorch.sh
if [ -z "$images" ]; then
  tests/setup/images.sh
  images=$PWD/images
fi
if [ "$fetch" = yes ]; then
  command_line cargo fetch --locked
  cargo fetch --locked
  exit
fi

say 'Build (the first time takes some minutes)'
command_line cargo build --workspace --release
cargo build --workspace --release
programs=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
# libtorch's threads sleep while they wait; it reads this when it is loaded.
export OMP_WAIT_POLICY=PASSIVE

# What measures: this computer or the phone, with the same arguments.
where='this computer'
measure=("$programs/profiler" run)
lenient=()
if [ "$phone" = yes ]; then
  where='the phone'
  if [ -n "${TAILOR_TEST_PHONES:-}" ]; then
    # For trying the pipeline: `android test-phone -- ./quickstart.sh --phone --preset smoke`.
    where='the test phone, which is emulated (no timings)'
    lenient=(--allow-emulated)
  fi
  measure=("$programs/android" profile)
  [ -z "$serial" ] || measure+=(--serial "$serial")
  show 'The phone, and what would spoil measurements on it' "$programs/android" doctor ${serial:+--serial "$serial"}
fi

mkdir -p "$run"
echo "$options" >"$run/quickstart"
space=proxylessnas-small

stage "Measure the candidate ops and random networks on $where" "$run/table.csv" \
  "${measure[@]}" --space "$space" --networks "$networks" --budget-s "$budget_s" --seed "$seed" \
  -o "$run/table.csv"

stage 'Check how well the model predicts: fit it without a third of the rows' "$run/check.json" \
  "$programs/predictor" fit "$run/table.csv" "${lenient[@]}" --hold-out 0.33 --seed "$seed" -o "$run/check.json"

show 'The third of the rows that it has not seen' \
  "$programs/predictor" evaluate "$run/check.json" "$run/table.csv" "${lenient[@]}"

stage 'Fit the latency model to use, on all rows' "$run/model.json" \
  "$programs/predictor" fit "$run/table.csv" "${lenient[@]}" --seed "$seed" -o "$run/model.json"

stage 'Search for the network that takes 0.7 of the baseline'"'"'s time' "$run/search/architecture.json" \
  "$programs/search" run --space "$space" --model "$run/model.json" --data "$images" --target-of-baseline 0.7 \
  "${search[@]}" --seed "$seed" -o "$run/search"

stage 'The baseline: a MobileNetV2-style network of the same space' "$run/baseline.json" \
  "$programs/search" baseline --space "$space" -o "$run/baseline.json"

stage 'Train the network that was found' "$run/searched/metrics.json" \
  "$programs/search" train "$run/search/architecture.json" --data "$images" "${train[@]}" --seed "$seed" \
  -o "$run/searched"

stage 'Train the baseline, by the same recipe' "$run/baseline/metrics.json" \
  "$programs/search" train "$run/baseline.json" --data "$images" "${train[@]}" --seed "$seed" -o "$run/baseline"

stage 'Export the network that was found' "$run/searched.onnx" \
  "$programs/search" export "$run/searched" -o "$run/searched.onnx"

stage 'Export the baseline' "$run/baseline.onnx" \
  "$programs/search" export "$run/baseline" -o "$run/baseline.onnx"

stage "Measure both on $where, among random networks that the model has never seen" "$run/verify.csv" \
  "${measure[@]}" --space "$space" --no-ops --networks "$controls" --budget-s "$budget_s" --seed "$((seed + 1))" \
  --onnx "$run/searched.onnx" --onnx "$run/baseline.onnx" --anchors "$run/model.json" -o "$run/verify.csv"

show 'What was predicted, and what was measured' \
  "$programs/search" report --model "$run/model.json" --measured "$run/verify.csv" "${lenient[@]}" "$run/searched" "$run/baseline"
