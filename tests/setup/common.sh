# What the set-up scripts share; they source it.

# take_turns FOLDER: sets `part` to the scratch folder beside FOLDER, and waits for a script that works on the same
# place: the second of two then finds it done.
take_turns() {
  mkdir -p "$(dirname "$1")"
  part=$1.part
  if command -v flock >/dev/null; then
    exec 9<"$(dirname "$1")"
    flock 9
  fi
}

# need_pip: stops unless python3 has pip.
need_pip() {
  if ! python3 -m pip --version >/dev/null 2>&1; then
    say "error: python3 with pip is needed (Debian: apt-get install python3-pip)"
    exit 2
  fi
}

# need_network COMMAND: stops inside of `android test-phone`, where nothing can be fetched; COMMAND does it outside.
need_network() {
  if [ -n "${TAILOR_TEST_PHONES:-}" ]; then
    say "error: it is not there, and the test phone has no network to fetch it with: run \`$*\` outside of it first"
    exit 2
  fi
}
