### etcd restore:unfinished on cp1: probe
[ ! -f /var/lib/evcctl/etcd-restore/state ] || cat /var/lib/evcctl/etcd-restore/state

### etcd restore:unfinished on cp1: step 1, of 2 lines
echo 'the restore has to be finished first' >&2
…
