### folder:/var/lib/evcctl on cp1: probe
if [ -e '/var/lib/evcctl' ]; then stat -L -c 'type=%F
mode=%a
owner=%U:%G
ids=%u:%g' '/var/lib/evcctl'; elif [ -L '/var/lib/evcctl' ]; then echo 'type=link to nothing'; else echo type=absent; fi

### folder:/var/lib/evcctl on cp1: step 1
umask 022
mkdir -p '/var/lib/evcctl'
chown 'root:root' '/var/lib/evcctl'
chmod 0700 '/var/lib/evcctl'

### folder:/var/lib/etcd on e1: probe, of 5 lines
link= real=$(readlink -f /var/lib/etcd) || :
for part in /var/lib/etcd/member /var/lib/etcd/member/wal /var/lib/etcd/member/snap; do
  if [ -L "$part" ]; then case $(readlink -f "$part") in "$real"/?*) ;; *) link=$part; break ;; esac; fi
…
if [ -n "$link" ]; then echo "folder=link $link"; elif [ -d /var/lib/etcd ]; then echo "folder=$(stat -L -c '%U %a' /var/lib/etcd)"; else echo folder=absent; fi

### folder:/var/lib/etcd on e1: step 1, of 3 lines
mkdir -p /var/lib/etcd
chown root:root /var/lib/etcd
chmod 700 /var/lib/etcd
