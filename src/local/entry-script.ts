/** Where the entry script lies in a container. */
export const entryPath = '/usr/local/sbin/evcctl-host'

/** Where the script lies that the entry script runs at a host's first start. */
export const firstBootPath = '/etc/evcctl-host/first-boot'

/**
 * The first process of a container host. It makes the container look like a separate machine, then becomes systemd.
 * Its inputs are EVCCTL_GATEWAY (the network's gateway) and the script of first-boot.ts, which it runs once and removes.
 * It runs at every start of the container, so each line must be safe to repeat.
 */
export const entryScript = `#!/bin/sh
set -eu
private=/run/evcctl-host

# Without --privileged Docker mounts these read-only; systemd, kubelet and runc write to them.
for mountpoint in /proc/sys /sys /sys/fs/cgroup /sys/fs/cgroup/*; do
  mount -o remount,rw,bind "$mountpoint" 2>/dev/null || true
done

# Pods need mounts to propagate between the host and their containers.
mount --make-rshared /

# The kubelet reads kernel messages from here.
[ -e /dev/kmsg ] || mknod -m 0600 /dev/kmsg c 1 11

# These settings belong to the whole kernel, not to a container: writes go to private copies laid over them.
mkdir -p "$private/fs" "$private/kernel/yama"
cd /proc/sys
for setting in vm fs/inotify kernel/keys \\
  fs/aio-max-nr fs/file-max fs/nr_open fs/protected_fifos fs/protected_hardlinks fs/protected_regular \\
  fs/protected_symlinks fs/suid_dumpable kernel/core_pattern kernel/core_uses_pid kernel/dmesg_restrict \\
  kernel/kptr_restrict kernel/panic kernel/panic_on_oops kernel/panic_on_warn kernel/perf_event_paranoid \\
  kernel/pid_max kernel/printk kernel/sysrq kernel/threads-max kernel/yama/ptrace_scope; do
  [ -e "$setting" ] || continue
  [ -e "$private/$setting" ] || cp -R "$setting" "$private/$setting" 2>/dev/null || true
  mount --bind "$private/$setting" "$setting"
done
cd /

# A virtual machine's product UUID would be the same for all its containers.
if [ -e /sys/class/dmi/id/product_uuid ]; then
  mkdir -p /etc/evcctl-host
  [ -e /etc/evcctl-host/product-uuid ] || cat /proc/sys/kernel/random/uuid >/etc/evcctl-host/product-uuid
  mount --bind /etc/evcctl-host/product-uuid /sys/class/dmi/id/product_uuid
fi

# Docker mounts its own files here; as plain files they can be replaced, as on any machine. From the first start on they
# are the host's own. A name server is named because CoreDNS wants one; it must not be Docker's, which listens on a
# loopback address: CoreDNS would forward to itself.
for file in hostname hosts; do
  cat "/etc/$file" >"$private/$file"
  umount "/etc/$file" 2>/dev/null || true
done
umount /etc/resolv.conf 2>/dev/null || true
if [ -e ${firstBootPath} ]; then
  cat "$private/hostname" >/etc/hostname
  cat "$private/hosts" >/etc/hosts
  echo "nameserver $EVCCTL_GATEWAY" >/etc/resolv.conf
  chmod 0644 /etc/hostname /etc/hosts /etc/resolv.conf
fi

# An internal network may have no default route; service addresses have to be routable until kube-proxy handles them.
ip route show default | grep -q . || ip route add default via "$EVCCTL_GATEWAY"

# Without one, systemd would take this for a first boot: enable all services and ask questions. Its own choice could
# be the virtual machine's, the same for all containers.
[ -s /etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id

if [ -e ${firstBootPath} ]; then
  rm -f /etc/ssh/ssh_host_*
  ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
  ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key
  sh ${firstBootPath}
  rm ${firstBootPath}
fi

# systemd would take the variables for units' environment and the kernel's command line for its own.
unset EVCCTL_GATEWAY
exec /sbin/init
`
