### etcd snapshot:removal on cp1: probe
[ ! -f /var/backups/evcctl/etcd/.before-removal ] || {
  taken=$(sed -n 's/^snapshot=//p' /var/backups/evcctl/etcd/.before-removal)
  case $taken in /var/backups/evcctl/etcd/*) ;; *) taken=/dev/null ;; esac
  if [ -f "$taken" ] && [ $(( $(date +%s) - $(stat -c %Y "$taken") )) -lt 86400 ]; then
    sed -n 's/^changes=//p' /var/backups/evcctl/etcd/.before-removal | sed 's/^/changes=/'
  fi
}

### etcd snapshot:removal on cp1: step 1
taken=$(/usr/local/sbin/evcctl-etcd-snapshot) || exit
printf '%s\n' "$taken"
umask 077
{ printf '%s\n' 'changes=the removal of cp4, w2'; printf '%s\n' "$taken" | grep '^snapshot='; } >/var/backups/evcctl/etcd/.before-removal.next
mv -fT /var/backups/evcctl/etcd/.before-removal.next /var/backups/evcctl/etcd/.before-removal

### etcd snapshot:etcd on e1: probe, of 7 lines
[ ! -f /var/backups/evcctl/etcd/.before-etcd ] || {
  taken=$(sed -n 's/^snapshot=//p' /var/backups/evcctl/etcd/.before-etcd)
  case $taken in /var/backups/evcctl/etcd/*) ;; *) taken=/dev/null ;; esac
…
    sed -n 's/^changes=//p' /var/backups/evcctl/etcd/.before-etcd | sed 's/^/changes=/'
…

### etcd snapshot:etcd on e1: step 1, of 5 lines
taken=$(/usr/local/sbin/evcctl-etcd-snapshot) || exit
…
{ printf '%s\n' 'changes=the installation of etcd 3.6.8'; printf '%s\n' "$taken" | grep '^snapshot='; } >/var/backups/evcctl/etcd/.before-etcd.next
mv -fT /var/backups/evcctl/etcd/.before-etcd.next /var/backups/evcctl/etcd/.before-etcd
