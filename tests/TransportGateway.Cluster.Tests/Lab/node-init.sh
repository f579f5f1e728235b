#!/bin/bash
# The first process of one simulated machine, in namespaces of its own: lays out its file system and becomes systemd.
#   node-init.sh NAME FOLDER PACKAGE
# /etc, /var and /usr are private copies that outlive a power loss; the package and the lab's fence agent are on top.
set -e
name=$1 folder=$2 package=$3
mount --make-rprivate /
# Not the name that the cluster gives it, which another machine can have later.
hostname "lab-$name"
mkdir -p "$folder"/{etc,var,usr}.{upper,work} "$folder"/gateway "$folder"/database
mount -t overlay overlay -o "lowerdir=$package/etc:/etc,upperdir=$folder/etc.upper,workdir=$folder/etc.work" /etc
mount -t overlay overlay -o "lowerdir=/var,upperdir=$folder/var.upper,workdir=$folder/var.work" /var
mount -t overlay overlay -o "lowerdir=$folder/../lab/usr:$package/usr:/usr,upperdir=$folder/usr.upper,workdir=$folder/usr.work" /usr
mkdir -p /var/lib/transport-gateway /var/lib/transport-gateway-db
mount --bind "$folder/gateway" /var/lib/transport-gateway
mount --bind "$folder/database" /var/lib/transport-gateway-db

# What belongs to the real machine stays out of reach: its kernel settings, its reset, its temporary files, its services.
for file in /proc/sysrq-trigger /proc/sys/kernel/sysrq; do [ ! -e $file ] || mount --bind /dev/null $file; done
mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lab/power
mount --bind "$folder/../power" /run/lab/power
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
umount -R /sys/fs/cgroup
mount -t sysfs -o ro sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
mkdir /sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
ip link set lo up

hostname >/etc/hostname
if [ ! -e /etc/lab-prepared ]; then
  head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
  rm -rf /etc/systemd/system/*.wants /etc/cron* /etc/postgresql
  touch /etc/lab-prepared
fi
for unit in getty.target systemd-logind.service systemd-user-sessions.service systemd-binfmt.service systemd-modules-load.service systemd-sysctl.service \
  systemd-timesyncd.service systemd-remount-fs.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount sys-fs-fuse-connections.mount systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-ask-password-wall.path \
  systemd-ask-password-console.path apt-daily.timer apt-daily-upgrade.timer postgresql.service dbus.service dbus.socket; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
exec env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal --show-status=0
