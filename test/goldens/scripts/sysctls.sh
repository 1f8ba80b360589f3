### sysctls:/etc/sysctl.d/99-zz-evcctl.conf on cp1: probe
grep -H -s '' '/proc/sys/net/ipv4/ip_forward' '/proc/sys/net/bridge/bridge-nf-call-iptables' '/proc/sys/net/bridge/bridge-nf-call-ip6tables' '/proc/sys/kernel/keys/root_maxbytes' '/proc/sys/kernel/keys/root_maxkeys' '/proc/sys/kernel/panic' '/proc/sys/kernel/panic_on_oops' '/proc/sys/vm/overcommit_memory' '/proc/sys/vm/panic_on_oom' '/proc/sys/net/ipv4/ip_local_reserved_ports' '/proc/sys/fs/inotify/max_user_instances' /dev/null
if [ -f '/etc/sysctl.d/99-zz-evcctl.conf' ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | [#\;]*) ;; *) printf 'kept=%s\n' "$line" ;; esac
  done <'/etc/sysctl.d/99-zz-evcctl.conf'
fi
if [ -f '/var/lib/evcctl/before/sysctls' ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | [#\;]*) ;; *) printf 'before=%s\n' "$line" ;; esac
  done <'/var/lib/evcctl/before/sysctls'
fi

### sysctls:/etc/sysctl.d/99-zz-evcctl.conf on cp1: step 1
if [ ! -e '/var/lib/evcctl/before/sysctls' ]; then
  umask 077
  mkdir -p /var/lib/evcctl/before
  cat >'/var/lib/evcctl/before/sysctls.new'
  { sync -- '/var/lib/evcctl/before/sysctls.new' 2>/dev/null || sync; }
  mv -fT '/var/lib/evcctl/before/sysctls.new' '/var/lib/evcctl/before/sysctls'
fi

### sysctls:/etc/sysctl.d/99-zz-evcctl.conf on cp1: step 2, of 2 lines
…
mkdir -p /etc/sysctl.d

### sysctls:/etc/sysctl.d/99-zz-evcctl.conf on cp1: step 4
if [ ! -e '/proc/sys/fs/inotify/max_user_instances' ]; then echo 'no such kernel setting: fs.inotify.max_user_instances' >&2; exit 1; fi
printf '%s\n' '8192' >'/proc/sys/fs/inotify/max_user_instances'
if [ ! -e '/proc/sys/kernel/panic' ]; then echo 'no such kernel setting: kernel.panic' >&2; exit 1; fi
printf '%s\n' '10' >'/proc/sys/kernel/panic'
if [ ! -e '/proc/sys/kernel/panic_on_oops' ]; then echo 'no such kernel setting: kernel.panic_on_oops' >&2; exit 1; fi
printf '%s\n' '1' >'/proc/sys/kernel/panic_on_oops'
if [ ! -e '/proc/sys/net/bridge/bridge-nf-call-iptables' ]; then echo 'no such kernel setting: net.bridge.bridge-nf-call-iptables' >&2; exit 1; fi
printf '%s\n' '1' >'/proc/sys/net/bridge/bridge-nf-call-iptables'
if [ ! -e '/proc/sys/net/ipv4/ip_forward' ]; then echo 'no such kernel setting: net.ipv4.ip_forward' >&2; exit 1; fi
printf '%s\n' '1' >'/proc/sys/net/ipv4/ip_forward'
if [ ! -e '/proc/sys/net/ipv4/ip_local_reserved_ports' ]; then echo 'no such kernel setting: net.ipv4.ip_local_reserved_ports' >&2; exit 1; fi
printf '%s\n' '30000-32767' >'/proc/sys/net/ipv4/ip_local_reserved_ports'
if [ ! -e '/proc/sys/vm/overcommit_memory' ]; then echo 'no such kernel setting: vm.overcommit_memory' >&2; exit 1; fi
printf '%s\n' '1' >'/proc/sys/vm/overcommit_memory'
if [ ! -e '/proc/sys/vm/panic_on_oom' ]; then echo 'no such kernel setting: vm.panic_on_oom' >&2; exit 1; fi
printf '%s\n' '0' >'/proc/sys/vm/panic_on_oom'
