sed -E '/^[[:space:]]*[^#[:space:]][^[:space:]]*[[:space:]]+[^[:space:]]+[[:space:]]+swap([[:space:]]|$)/s/^/# /' /etc/fstab >/etc/fstab.evcctl
chmod --reference='/etc/fstab' '/etc/fstab.evcctl'
chown --reference='/etc/fstab' '/etc/fstab.evcctl'
{ sync -- '/etc/fstab.evcctl' 2>/dev/null || sync; }
if mountpoint -q '/etc/fstab' 2>/dev/null || ! mv -fT '/etc/fstab.evcctl' '/etc/fstab' 2>/dev/null; then
  cat '/etc/fstab.evcctl' >'/etc/fstab'
  { sync -- '/etc/fstab' 2>/dev/null || sync; }
  rm -f '/etc/fstab.evcctl'
fi
systemctl disable --now -- dphys-swapfile.service
systemctl mask -- swap.target
systemctl daemon-reload
swapoff -a
