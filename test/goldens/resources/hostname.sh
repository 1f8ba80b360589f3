if ! hostnamectl set-hostname 'w1' 2>/dev/null; then
  [ -e /etc/hostname ] || (umask 022; : >/etc/hostname)
  printf '%s\n' 'w1' >/etc/hostname.evcctl
  chmod --reference='/etc/hostname' '/etc/hostname.evcctl'
  chown --reference='/etc/hostname' '/etc/hostname.evcctl'
  { sync -- '/etc/hostname.evcctl' 2>/dev/null || sync; }
  if mountpoint -q '/etc/hostname' 2>/dev/null || ! mv -fT '/etc/hostname.evcctl' '/etc/hostname' 2>/dev/null; then
    cat '/etc/hostname.evcctl' >'/etc/hostname'
    { sync -- '/etc/hostname' 2>/dev/null || sync; }
    rm -f '/etc/hostname.evcctl'
  fi
  printf '%s\n' 'w1' >/proc/sys/kernel/hostname
fi
