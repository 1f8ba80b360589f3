### images:a.tar on cp1: probe
curl -q -sS --unix-socket /run/docker.sock --max-time 10 http://docker/images/json 2>/dev/null | sed 's/"RepoTags":/\n&/g' |
  sed -n 's/^"RepoTags":\[\([^]]*\)\].*/\1/p' | tr -d '"' | tr ',' '\n' | grep . || :
grep -H -s '' /var/lib/evcctl/images/* || :

### images:a.tar on cp1: step 1, of 127 lines
…
url='http://192.0.2.5/a.tar'
…
curl -q -sS --unix-socket /run/docker.sock -H 'Content-Type: application/x-tar' -X POST -T "$part" 'http://docker/images/load?quiet=1' >/var/lib/evcctl/images/.next.said
if grep -q '"error"' /var/lib/evcctl/images/.next.said || ! grep -q 'Loaded image' /var/lib/evcctl/images/.next.said; then
  sed -n 's/.*"error":"\([^"]*\).*/\1/p' /var/lib/evcctl/images/.next.said >&2
  echo 'no images in the archive' >&2
…
sed -n 's/.*"stream":"Loaded image: \([^"\\]*\).*/\1/p' /var/lib/evcctl/images/.next.said >/var/lib/evcctl/images/.next
rm -f /var/lib/evcctl/images/.next.said
…

### images:a.tar on cp1: probe, of 2 lines
timeout 10 /usr/local/bin/crictl --runtime-endpoint unix:///run/crio/crio.sock images 2>/dev/null | sed -n '2,$s/^\([^ ]*\)  *\([^ ]*\) .*/\1:\2/p' || :
…

### images:a.tar on cp1: step 1, of 134 lines
…
full() {
…
    */*) case ${1%%/*} in *.*|*:*|localhost) echo "$1";; *) echo "docker.io/$1";; esac;;
    *) echo "docker.io/library/$1";;
…
{ tar -xOf "$part" manifest.json 2>/dev/null | tr -d '\n'; echo; } | sed 's/"RepoTags"/\n&/g' |
  sed -n 's/^"RepoTags":[[:space:]]*\[\([^]]*\)\].*/\1/p' | tr ',' '\n' |
  sed -n 's/^[[:space:]]*"\([^"]*\)"[[:space:]]*$/\1/p' >/var/lib/evcctl/images/.next.tags
: >/var/lib/evcctl/images/.next
while IFS= read -r tag; do
  skopeo --policy /etc/crio/policy.json copy --quiet "docker-archive:$part:$tag" "containers-storage:$(full "$tag")"
  full "$tag" >>/var/lib/evcctl/images/.next
done </var/lib/evcctl/images/.next.tags
rm -f /var/lib/evcctl/images/.next.tags
…

### images:Kubernetes 1.36.4 on cp1: probe, of 2 lines
timeout 10 /usr/local/bin/ctr --namespace k8s.io images list -q 2>/dev/null || :
…

### images:Kubernetes 1.36.4 on cp1: step 1, of 12 lines
…
folder=$(mktemp -d /var/cache/evcctl/pull.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/kubeadm.yaml"
kubeadm=kubeadm
if [ -f /var/cache/evcctl/10d054585907f2c8bb823c84f6a66b3bd2a474c3d795475f04e9a44f78650fe6.part ]; then
  kubeadm=$folder/kubeadm
  install -m 0700 /var/cache/evcctl/10d054585907f2c8bb823c84f6a66b3bd2a474c3d795475f04e9a44f78650fe6.part "$kubeadm"
…
echo 'pulling images'
"$kubeadm" config images pull --config "$folder/kubeadm.yaml"
