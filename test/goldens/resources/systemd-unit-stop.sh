unit='containerd.service'
if [ "$(systemctl show -p LoadState --value -- "$unit")" != not-found ]; then
  case "$(systemctl show -p UnitFileState --value -- "$unit")" in enabled*) systemctl disable -- "$unit";; esac
  systemctl stop -- "$unit"
fi
systemctl mask -- "$unit"
rm -f '/var/lib/evcctl/started/containerd.service'
