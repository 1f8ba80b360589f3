### registries:/etc/docker/certs.d on cp1: probe
cd '/etc/docker/certs.d' 2>/dev/null || exit 0
for file in */hosts.toml */ca.crt; do
  if [ ! -f "$file" ]; then continue; fi
  printf 'file=%s ' "$file"
  base64 -w 0 <"$file"
  echo
done

### registries:/etc/containerd/certs.d on cp1: step 1
mkdir -p '/etc/containerd/certs.d/docker.io'
