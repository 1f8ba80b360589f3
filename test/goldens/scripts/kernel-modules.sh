### kernel modules:/etc/modules-load.d/evcctl.conf on cp1: probe
read -r release </proc/sys/kernel/osrelease
builtin=/lib/modules/$release/modules.builtin
look() {
  if [ -e "/sys/module/$1/initstate" ]; then echo "present=$1 module"
  elif [ -e "/sys/module/$1" ] || eval "$2"; then echo "present=$1 built-in"
  elif [ -e "$builtin" ] && tr - _ <"$builtin" | grep -q "/$1\.ko"; then echo "present=$1 built-in"
  fi
}
look 'br_netfilter' '[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]'
look 'nf_conntrack' '[ -e /proc/sys/net/netfilter/nf_conntrack_max ]'
look 'overlay' 'grep -qw '\''overlay$'\'' /proc/filesystems'
look 'vxlan' 'false'
if [ -f '/etc/modules-load.d/evcctl.conf' ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | [#\;]*) ;; *) printf 'boot=%s\n' "$line" ;; esac
  done <'/etc/modules-load.d/evcctl.conf'
fi

### kernel modules:/etc/modules-load.d/evcctl.conf on cp1: step 1
for name in 'br_netfilter' 'nf_conntrack' 'overlay' 'vxlan'; do modprobe -- "$name" || { echo "cannot load kernel module $name" >&2; exit 1; }; done

### kernel modules:/etc/modules-load.d/evcctl.conf on cp1: step 2, of 2 lines
…
mkdir -p /etc/modules-load.d
