#!/usr/bin/env bash
# usage: make.sh FOLDER
#
# Makes FOLDER a test phone out of Debian's packages: FOLDER/phone is its file system, with a real adbd, mksh as its
# shell and toybox; FOLDER/client has adb; FOLDER/qemu-aarch64 runs arm64 programs. Neither root nor any change to the
# system: package lists and cache are FOLDER's own, and packages are unpacked, not installed.
set -euo pipefail
folder=$(realpath -m -- "${1:?usage: make.sh FOLDER}")
recipe=1 # a phone made by another recipe is made anew
say() { echo "test phone: $*" >&2; }
for program in apt-get apt-cache dpkg-deb tar flock; do
  command -v "$program" >/dev/null || { say "no $program here: it is made of Debian's packages" && exit 1; }
done
[ "$(dpkg --print-architecture)" = amd64 ] || { say "made for amd64 only, this is $(dpkg --print-architecture)" && exit 1; }
mkdir -p "$(dirname "$folder")"
exec 9<"$(dirname "$folder")"
flock 9 # two at once: the second waits, then finds it done
[ "$(cat "$folder/complete" 2>/dev/null)" = "$recipe" ] && exit 0

part=$folder.part
trap 'rm -rf "$part"' EXIT
rm -rf "$part"
mkdir -p "$part"/{state/lists/partial,cache/archives/partial,sources,deb,client,phone}
: >"$part/state/status"
# On top of the system's configuration, which knows its sources and proxies. The hooks cleared are those that tidy up
# the system's own cache.
cat >"$part/apt.conf" <<A
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$part/state";
Dir::State::status "$part/state/status";
Dir::Cache "$part/cache";
APT::Architecture "amd64";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
quiet "2";
A
apt() { "$1" -c "$part/apt.conf" "${@:2}"; }
say 'reading package lists'
apt apt-get update >&2
release=()
if ! apt apt-cache show adbd >/dev/null 2>&1; then
  # Debian 12 has adbd in its backports only: read them as well.
  read -r uri suite < <(apt apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    grep -v -e security -e '-' | head -n 1) || { say 'no adbd among the packages of this system' && exit 1; }
  eval "$(apt-config shell parts Dir::Etc::sourceparts/d list Dir::Etc::sourcelist/f)"
  cp -rL "$parts"/. "$part/sources/"
  [ ! -f "$list" ] || cp "$list" "$part/sources/system.list"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] && option=" [signed-by=$keyring]" || option=
  echo "deb$option $uri $suite-backports main" >"$part/sources/backports.list"
  echo "Dir::Etc::sourceparts \"$part/sources\"; Dir::Etc::sourcelist \"/dev/null\";" >>"$part/apt.conf"
  apt apt-get update >&2
  apt apt-cache show adbd >/dev/null 2>&1 || { say "no adbd in $suite-backports of $uri" && exit 1; }
  release=(-t "$suite-backports")
fi

# fetch INTO PACKAGE...: downloads the packages and all they depend on.
fetch() {
  rm -rf "$part/cache/archives"
  mkdir -p "$part/cache/archives/partial" "$part/deb/$1"
  apt apt-get "${release[@]}" install --yes --no-install-recommends --download-only "${@:2}" >&2
  mv "$part"/cache/archives/*.deb "$part/deb/$1/"
}
# unpack INTO DEB...: as on a system whose /bin, /lib and /lib64 are those of /usr.
unpack() {
  mkdir -p "$1"/usr/{bin,sbin,lib,lib64}
  for name in bin sbin lib lib64; do [ -L "$1/$name" ] || ln -s "usr/$name" "$1/$name"; done
  for package in "${@:2}"; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$1" --keep-directory-symlink --no-same-owner
  done
}
say 'fetching adb, adbd, mksh, toybox and qemu, about 75 MB'
fetch adb adb
fetch adbd adbd
release=()
fetch shell mksh toybox
(cd "$part/deb" && apt apt-get download qemu-user-static >&2)
rm "$part"/deb/adb/libc6_*.deb # the client runs on the system's own
unpack "$part/client" "$part"/deb/adb/*.deb
unpack "$part/phone" "$part"/deb/{adbd,shell}/*.deb
dpkg-deb --fsys-tarfile "$part"/deb/qemu-user-static_*.deb |
  tar -x -C "$part" --strip-components=3 ./usr/bin/qemu-aarch64-static
mv "$part/qemu-aarch64-static" "$part/qemu-aarch64"

phone=$part/phone
mkdir -p "$phone"/{system/bin,data,proc,sys,dev,tmp,run}
rm -f "$phone/bin/sh"
ln -s /usr/bin/mksh "$phone/bin/sh"
ln -s /usr/bin/mksh "$phone/system/bin/sh"
toybox=$phone/usr/bin/toybox
[ -x "$toybox" ] || { say 'no toybox in its package' && exit 1; }
for name in $("$phone/lib64/ld-linux-x86-64.so.2" --library-path "$phone/lib/x86_64-linux-gnu" "$toybox"); do
  ln -s /usr/bin/toybox "$phone/system/bin/$name"
done
# Android's own programs, as far as Tailor asks them: they print what lies in /data/answers, which a test may change.
cat >"$phone/system/bin/getprop" <<'G'
#!/system/bin/sh
if [ $# -eq 0 ]; then
  cat /data/answers/getprop
else
  sed -n "s/^\[$1\]: \[\(.*\)\]\$/\1/p" /data/answers/getprop
fi
G
for name in dumpsys settings; do
  cat >"$phone/system/bin/$name" <<'G'
#!/system/bin/sh
name="${0##*/} $*" && name=${name//[ \/]/_}
[ -f "/data/answers/$name" ] && exec cat "/data/answers/$name"
echo "Can't find service: $*" >&2
exit 1
G
done
chmod 755 "$phone"/system/bin/{getprop,dumpsys,settings}
printf 'root:x:0:0:root:/:/system/bin/sh\nshell:x:2000:2000:shell:/data/local/tmp:/system/bin/sh\n' >"$phone/etc/passwd"
printf 'root:x:0:\nshell:x:2000:\n' >"$phone/etc/group"
rm -rf "$part"/{state,cache,sources,deb,apt.conf}
echo "$recipe" >"$part/complete"
rm -rf "$folder"
mv "$part" "$folder"
say "ready in $folder"
