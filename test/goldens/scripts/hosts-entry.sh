### hosts entry:own name on cp1: probe
if [ -e /etc/hosts ]; then printf 'file='; base64 -w 0 </etc/hosts; echo; fi

### hosts entry:own name on cp1: step 1
[ -e /etc/hosts ] || (umask 022; : >/etc/hosts)
if [ "$(sha256sum </etc/hosts)" != 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  -' ]; then exit 75; fi
base64 -d >/etc/hosts.evcctl
chmod --reference='/etc/hosts' '/etc/hosts.evcctl'
chown --reference='/etc/hosts' '/etc/hosts.evcctl'
{ sync -- '/etc/hosts.evcctl' 2>/dev/null || sync; }
if mountpoint -q '/etc/hosts' 2>/dev/null || ! mv -fT '/etc/hosts.evcctl' '/etc/hosts' 2>/dev/null; then
  cat '/etc/hosts.evcctl' >'/etc/hosts'
  { sync -- '/etc/hosts' 2>/dev/null || sync; }
  rm -f '/etc/hosts.evcctl'
fi
