#!/bin/sh
# Make the file system of a bootable disk from a Debian tree that is given as overlay folders (topmost first, by
# colons), and GRUB's core image for it. Runs in a mount and pid namespace of its own: nothing is left mounted.
#   build_disk.sh DISK OFFSET SIZE UUID LOWERS SCRATCH
# OFFSET in bytes, SIZE in MiB. SCRATCH/boot.img and SCRATCH/core.img are what goes before the partition.
set -eu
disk=$1 offset=$2 size=$3 uuid=$4 lowers=$5 scratch=$6

mkdir -p "$scratch/upper" "$scratch/work" "$scratch/root"
root=$scratch/root
mount -t overlay overlay -o "lowerdir=$lowers,upperdir=$scratch/upper,workdir=$scratch/work" "$root"

modules=/usr/lib/grub/i386-pc
mkdir -p "$root/boot/grub/i386-pc"
cp "$root$modules"/*.mod "$root$modules"/*.lst "$root/boot/grub/i386-pc/"
chroot "$root" grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o /boot/grub/i386-pc/core.img \
    biosdisk part_msdos ext2
mv "$root/boot/grub/i386-pc/core.img" "$scratch/core.img"
cp "$root$modules/boot.img" "$scratch/boot.img"
mke2fs -q -t ext4 -L root -U "$uuid" -E "offset=$offset,hash_seed=$uuid" -d "$root" "$disk" "${size}M"
