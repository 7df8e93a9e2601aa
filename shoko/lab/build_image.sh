#!/bin/sh
# Fill a Debian root that is already unpacked (base) or an overlay over it (layer), from the mirror alone.
# Runs in a mount and pid namespace of its own, so that nothing is left mounted.
#   PACKAGES=… DISABLE=… ENABLE=… build_image.sh ROOT MIRROR SUITE COMPONENT LOWER UPPER WORK
# LOWER empty: ROOT is filled in place. The three lists are separated by blanks.
set -eu
root=$1 mirror=$2 suite=$3 component=$4 lower=$5 upper=$6 work=$7

if [ -n "$lower" ]; then
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work,index=off,metacopy=off" "$root"
fi
mkdir -p "$root/srv/mirror"
mount --bind -o ro "$mirror" "$root/srv/mirror"
mount -t proc proc "$root/proc"

# A package must not start its service here, nor in a chroot at all (policy-rc.d: invoke-rc.d(8)).
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
sources=$root/etc/apt/build.list
for s in "debian $suite" "debian $suite-updates" "debian-security $suite-security"; do
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] file:/srv/mirror/%s %s\n' "$s" "$component"
done >"$sources"

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
apt="-q -o Dir::Etc::SourceList=/etc/apt/build.list -o Dir::Etc::SourceParts=/dev/null
     -o APT::Install-Recommends=false -o APT::Update::Error-Mode=any -o APT::Sandbox::User=root
     -o Acquire::Check-Valid-Until=false -o Dpkg::Use-Pty=0"
# shellcheck disable=SC2086  # a list of options
{
    chroot "$root" apt-get $apt update
    chroot "$root" apt-get $apt -y dist-upgrade
    chroot "$root" apt-get $apt -y install $PACKAGES
    chroot "$root" apt-get $apt clean
}
# shellcheck disable=SC2086  # lists of units
{
    [ -z "$ENABLE" ] || chroot "$root" systemctl enable $ENABLE
    [ -z "$DISABLE" ] || chroot "$root" systemctl disable $DISABLE  # also what enabling brought along
}
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/log/apt "$root"/var/log/dpkg.log "$root"/var/log/alternatives.log
rm -f "$root/usr/sbin/policy-rc.d" "$sources"
umount "$root/proc" "$root/srv/mirror"
rmdir "$root/srv/mirror"
