#!/usr/bin/env bash
# usage: inside.sh FOLDER COUNT COMMAND...   (in new user, network, mount and process namespaces)
#
# Starts COUNT test phones made by make.sh, connects adb to them, and runs COMMAND with `adb` in its PATH. Network,
# mounts, processes and the table of foreign program formats are the namespaces' own, and end with this script.
set -euo pipefail
folder=$1 count=$2
shift 2
fail() { echo "test phone: $*" >&2 && exit 125; }
mount -t proc proc /proc || fail 'cannot mount /proc in a namespace: is this a container that forbids it?'
{ mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc && [ -w /proc/sys/fs/binfmt_misc/register ]; } ||
  fail "this kernel has no binfmt_misc for namespaces (Linux 6.7 or later is needed, this is $(uname -r))"
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
echo ":qemu-aarch64:M::$magic:$mask:$folder/qemu-aarch64:F" >/proc/sys/fs/binfmt_misc/register ||
  fail 'the kernel refuses to run arm64 programs by qemu'
"$folder/phone/lib64/ld-linux-x86-64.so.2" --library-path "$folder/phone/lib/x86_64-linux-gnu" \
  "$folder/phone/usr/bin/toybox" ifconfig lo up || fail 'cannot switch on the loopback network'

work=$(mktemp -d)
mount -t tmpfs tmpfs "$work"
mkdir "$work/home" "$work/bin"
cat >"$work/bin/adb" <<A
#!/bin/sh
libraries=$folder/client/usr/lib/x86_64-linux-gnu
HOME=$work/home LD_LIBRARY_PATH=\$libraries/android:\$libraries \\
  exec $folder/client/usr/lib/android-sdk/platform-tools/adb "\$@"
A
chmod +x "$work/bin/adb"

for core in $(seq 0 $(($(nproc --all) - 1))); do
  printf '%s\t: %s\n' processor "$core" BogoMIPS 125.00 Features \
    'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs' \
    'CPU implementer' 0x41 'CPU architecture' 8 'CPU variant' 0x4 'CPU part' 0xd0b 'CPU revision' 1
  echo
done >"$work/cpuinfo"

# phone NUMBER: its /data is its own and empty; adbd is started again whenever it ends, as Android does.
phone() {
  local root=$work/phone$1 port=$((7776 + $1))
  mkdir "$root"
  mount --rbind "$folder/phone" "$root"
  mount -t tmpfs -o size=300m tmpfs "$root/data"
  mkdir -p "$root"/data/{local/tmp,answers}
  chmod 1777 "$root/data/local/tmp"
  printf '[%s]: [%s]\n' ro.product.manufacturer Tailor ro.product.model "Test Phone $1" ro.product.cpu.abi arm64-v8a \
    ro.build.version.release 14 ro.build.version.sdk 34 ro.soc.manufacturer QEMU ro.soc.model cortex-a76 \
    >"$root/data/answers/getprop"
  printf '%s\n' 'Current Battery Service state:' '  AC powered: false' '  USB powered: true' \
    '  Wireless powered: false' '  status: 2' '  level: 90' '  scale: 100' '  temperature: 285' \
    >"$root/data/answers/dumpsys_battery"
  echo '  mWakefulness=Asleep' >"$root/data/answers/dumpsys_power"
  echo 'Thermal Status: 0' >"$root/data/answers/dumpsys_thermalservice"
  echo 0 >"$root/data/answers/settings_get_global_low_power"
  for name in proc dev sys; do mount --rbind "/$name" "$root/$name"; done
  # Its processors are those that are emulated, as many as there are here. ONNX Runtime believes this file.
  mount --bind "$work/cpuinfo" "$root/proc/cpuinfo"
  while true; do
    # A test may give adbd, and what it starts, a library to load.
    load=
    [ ! -f "$root/data/answers/preload.so" ] || load=LD_PRELOAD=/data/answers/preload.so
    # Emulating arm64's newest vector instructions takes five times as long as doing without.
    env -i PATH=/system/bin:/bin LC_ALL=C ADBD_PORT="$port" HOME=/ TMPDIR=/data/local/tmp QEMU_CPU=cortex-a76 \
      /usr/sbin/chroot "$root" /system/bin/env $load /usr/lib/android-sdk/platform-tools/adbd >>"$work/adbd$1.log" 2>&1 || true
    sleep 0.5
  done 2>/dev/null &
}
serials=()
for number in $(seq "$count"); do
  phone "$number"
  serials+=("127.0.0.1:$((7776 + number))")
done
export CARGO_NET_OFFLINE=true # it need not find out by itself
export PATH=$work/bin:$PATH TAILOR_ADB=$work/bin/adb TAILOR_TEST_PHONES="${serials[*]}"
for serial in "${serials[@]}"; do
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/${serial/:/\/}") 2>/dev/null && break
    sleep 0.1
  done
  adb connect "$serial" >"$work/connect.log" 2>&1 && timeout 20 adb -s "$serial" wait-for-device ||
    fail "adbd does not answer: $(cat "$work/connect.log" "$work"/adbd*.log)"
done
rc=0
"$@" || rc=$?
exit "$rc"
