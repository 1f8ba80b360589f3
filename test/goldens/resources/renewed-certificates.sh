if [ -e /etc/kubernetes/evcctl-renewed/complete ]; then
  echo 'moving renewed certificates to their places'
  # functions of own-process.sh
  start_of() {
    read -r fields 2>/dev/null </proc/"$1"/stat || return 0
    set -- ${fields##*) }
    printf '%s\n' "${20}"
  }
  for component in kube-controller-manager kube-scheduler; do
    process=$(process_of "$component")
    if [ -n "$process" ]; then printf '%s %s %s\n' "$component" "$process" "$(start_of "$process")"; fi
  done >/var/lib/evcctl/former-certificates.new
  { sync -- /var/lib/evcctl/former-certificates.new 2>/dev/null || sync; }
  mv -fT /var/lib/evcctl/former-certificates.new /var/lib/evcctl/former-certificates
  { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  for file in $(cd /etc/kubernetes/evcctl-renewed/new && find . -name '*.key' && find . -type f ! -name '*.key'); do
    mv -fT /etc/kubernetes/evcctl-renewed/new/"$file" /etc/kubernetes/"$file"
  done
  rm -rf /etc/kubernetes/evcctl-renewed
fi
rm -rf /etc/kubernetes/evcctl-renewed
umask 077
mkdir -p /etc/kubernetes/evcctl-renewed/new
cp -a /etc/kubernetes/pki /etc/kubernetes/evcctl-renewed/new/
for file in /etc/kubernetes/*.conf; do [ ! -f "$file" ] || cp -p "$file" /etc/kubernetes/evcctl-renewed/new/; done
unshare -m sh -ec 'mount --bind /etc/kubernetes/evcctl-renewed/new/pki /etc/kubernetes/pki
for file in /etc/kubernetes/evcctl-renewed/new/*.conf; do mount --bind "$file" /etc/kubernetes/"${file##*/}"; done
config=$1
shift
for name; do kubeadm certs renew "$name" --config "$config"; done' sh /etc/evcctl/kubeadm.yaml admin.conf apiserver
if [ "$(grep -c '^-----BEGIN CERTIFICATE-----' /etc/kubernetes/pki/ca.crt)" -gt 1 ]; then
  trusted=$(sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' /etc/kubernetes/pki/ca.crt | base64 | tr -d '\n')
  for file in /etc/kubernetes/evcctl-renewed/new/*.conf; do
    ! cmp -s "$file" /etc/kubernetes/"${file##*/}" || continue
    sed -i "s|^\( *certificate-authority-data: \).*|\1$trusted|" "$file"
  done
fi
if [ -s /etc/kubernetes/pki/ca-rotation/cross.crt ] && [ -s /etc/kubernetes/evcctl-renewed/new/pki/apiserver.crt ] && [ "$(grep -c '^-----BEGIN CERTIFICATE-----' /etc/kubernetes/evcctl-renewed/new/pki/apiserver.crt)" = 1 ] &&
  openssl verify -no_check_time -CAfile /etc/kubernetes/pki/ca-rotation/next.crt /etc/kubernetes/evcctl-renewed/new/pki/apiserver.crt >/dev/null 2>&1; then
  cat /etc/kubernetes/pki/ca-rotation/cross.crt >>/etc/kubernetes/evcctl-renewed/new/pki/apiserver.crt
fi
for file in $(cd /etc/kubernetes/evcctl-renewed/new && find . -type f); do
  if cmp -s /etc/kubernetes/evcctl-renewed/new/"$file" /etc/kubernetes/"$file"; then rm -f /etc/kubernetes/evcctl-renewed/new/"$file"; fi
done
{ find /etc/kubernetes/evcctl-renewed/new -xdev -exec sync -- {} + 2>/dev/null || sync; }
: >/etc/kubernetes/evcctl-renewed/complete
{ sync -- /etc/kubernetes/evcctl-renewed/complete /etc/kubernetes/evcctl-renewed 2>/dev/null || sync; }
# functions of own-process.sh
start_of() {
  read -r fields 2>/dev/null </proc/"$1"/stat || return 0
  set -- ${fields##*) }
  printf '%s\n' "${20}"
}
for component in kube-controller-manager kube-scheduler; do
  process=$(process_of "$component")
  if [ -n "$process" ]; then printf '%s %s %s\n' "$component" "$process" "$(start_of "$process")"; fi
done >/var/lib/evcctl/former-certificates.new
{ sync -- /var/lib/evcctl/former-certificates.new 2>/dev/null || sync; }
mv -fT /var/lib/evcctl/former-certificates.new /var/lib/evcctl/former-certificates
{ sync -- /var/lib/evcctl 2>/dev/null || sync; }
for file in $(cd /etc/kubernetes/evcctl-renewed/new && find . -name '*.key' && find . -type f ! -name '*.key'); do
  mv -fT /etc/kubernetes/evcctl-renewed/new/"$file" /etc/kubernetes/"$file"
done
rm -rf /etc/kubernetes/evcctl-renewed
