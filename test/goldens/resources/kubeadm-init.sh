evidence() {
  {
    printf '%s' '--- on the node:
'
    for component in kube-apiserver etcd kube-controller-manager kube-scheduler; do
      log=$(ls -t /var/log/pods/kube-system_"$component"-*/"$component"/*.log 2>/dev/null | head -n 1)
      if [ -n "$log" ]; then
        # Docker's logs are lines of JSON, those of the others begin with time and stream.
        sed -n -e 's/^[^ ]* std[a-z]* [FP] //p' -e 's/^{"log":"\(.*\)\\n",.*$/\1/p' "$log" | sed "s/^/$component: /" |
          grep -iE ': (error|panic|[EF][0-9]{4} )|fatal' | tail -n 2 | cut -c 1-400
      fi
    done
    journalctl -u kubelet -n 400 -o cat --no-pager 2>/dev/null | grep -E '^E[0-9]{4} |[Ff]ailed|rror:' |
      grep -v 'connection refused' | tail -n 3 | sed 's/^/kubelet: /' | cut -c 1-400
  } >&2
}
kubelet_ended() {
  journalctl -u kubelet --since="@$1" -o cat --no-pager --quiet 2>/dev/null | grep -E '"command failed"|[Ff]ailed to run [Kk]ubelet|Failed to start ContainerManager|^F[0-9]{4} |^panic: ' | grep -vE 'connection refused|i/o timeout|[Dd]eadline[ E]xceeded|TLS handshake|EOF|no route to host|no such host|certificate signing request|Unauthorized|forbidden|context canceled' |
    sed 's/^[EF][0-9][0-9]* [0-9:.]* *[0-9]* //' | sort | uniq -c -w 120 | sort -rn | head -n 1 | {
    read -r times words && [ "$times" -ge "$2" ] && printf '%s\n' "$words" | cut -c 1-600
  }
}
watch_kubelet() {
  since= told= looked=0
  # What is left of it when it is ended must not keep the output open.
  while sleep 1 >/dev/null 2>&1 && kill -s 0 "$$" 2>/dev/null; do
    now=$(date +%s)
    if [ -z "$since" ]; then
      # -nt of dash knows whole seconds only.
      if [ -e /var/lib/kubelet/config.yaml ] && [ -z "$(find /run/evcctl/kubeadm.pid -newer /var/lib/kubelet/config.yaml 2>/dev/null)" ]; then since=$now looked=$now; fi
      continue
    fi
    if [ $(( now - looked )) -lt 3 ]; then continue; fi
    looked=$now
    words=$(kubelet_ended "$since" 1) || continue
    if [ "$words" != "$told" ]; then echo "the kubelet has ended: $words"; told=$words; fi
    if words=$(kubelet_ended "$since" 3); then
      printf '%s\n' "$words" >/run/evcctl/kubelet.given-up
      kill "$(cat /run/evcctl/kubeadm.pid)" 2>/dev/null || :
      break
    fi
  done
}
watched() {
  mkdir -p /run/evcctl
  rm -f /run/evcctl/kubelet.given-up /run/evcctl/kubeadm.pid
  ended=0
  watch_kubelet &
  watcher=$!
  sh -c 'echo "$$" >/run/evcctl/kubeadm.pid; exec "$@"' sh "$@" || ended=$?
  kill "$watcher" 2>/dev/null || :
  wait "$watcher" 2>/dev/null || :
  rm -f /run/evcctl/kubeadm.pid
  if [ "$ended" -ne 0 ] && [ -s /run/evcctl/kubelet.given-up ]; then echo "the kubelet ends again and again: $(cat /run/evcctl/kubelet.given-up)" >&2; fi
  rm -f /run/evcctl/kubelet.given-up
  return "$ended"
}
mkdir -p /var/lib/evcctl
systemctl daemon-reload
systemctl enable --quiet kubelet
settle() {
  if [ -d /var/lib/evcctl/kubeadm-before.full ]; then
    rm -rf /var/lib/evcctl/kubeadm-before
    mv -T /var/lib/evcctl/kubeadm-before.full /var/lib/evcctl/kubeadm-before
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
  if [ -d /var/lib/evcctl/kubeadm-before.done ]; then
    if [ ! -e /var/lib/evcctl/kubeadm-before ] && { [ -e /var/lib/kubelet/evcctl-unfinished ] || [ -e /var/lib/evcctl/kubeadm-reset.unfinished ]; }; then mv -T /var/lib/evcctl/kubeadm-before.done /var/lib/evcctl/kubeadm-before; else rm -rf /var/lib/evcctl/kubeadm-before.done; fi
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
}
keep_entries() {
  place=/var/lib/evcctl/kubeadm-before.new/$1
  shift
  mkdir -p "$place"
  for entry in "$@"; do
    if [ ! -e "$entry" ] && [ ! -L "$entry" ]; then continue; fi
    case $entry in /var/lib/kubelet/pods|/var/lib/kubelet/plugins|/var/lib/kubelet/plugins_registry|/var/lib/kubelet/device-plugins|/var/lib/kubelet/pod-resources|/var/lib/kubelet/checkpoints|/var/lib/kubelet/*_state|/var/lib/kubelet/config.yaml|/var/lib/kubelet/kubeadm-flags.env|/var/lib/kubelet/instance-config.yaml|/var/lib/kubelet/evcctl-unfinished*) continue ;; esac
    case $former$entry in yes/etc/kubernetes/admin.conf|yes/etc/kubernetes/super-admin.conf|yes/etc/kubernetes/kubelet.conf|yes/etc/kubernetes/bootstrap-kubelet.conf|yes/etc/kubernetes/controller-manager.conf|yes/etc/kubernetes/scheduler.conf|yes/etc/kubernetes/manifests/etcd.yaml|yes/etc/kubernetes/manifests/kube-apiserver.yaml|yes/etc/kubernetes/manifests/kube-controller-manager.yaml|yes/etc/kubernetes/manifests/kube-scheduler.yaml|yes/etc/kubernetes/pki/ca.*|yes/etc/kubernetes/pki/sa.*|yes/etc/kubernetes/pki/apiserver*|yes/etc/kubernetes/pki/front-proxy-*|yes/etc/kubernetes/pki/etcd|yes/var/lib/kubelet/pki) continue ;; esac
    if [ ! -L "$entry" ] && mountpoint -q "$entry" 2>/dev/null; then continue; fi
    size=$(du -sk -- "$entry" 2>/dev/null) || :
    size=${size%%[!0-9]*}
    total=$(( total + ${size:-0} ))
    if [ "$total" -gt 262144 ]; then
      echo "$entry: kubeadm reset deletes what lies there, and it is too much to keep a copy (more than 256 MiB in all): move it away" >&2
      exit 1
    fi
    rm -rf -- "$place/${entry##*/}"
    cp -fpPR -- "$entry" "$place/"
  done
}
keep_files() {
  former=${1#again} total=0
  former=${former:-yes}
  settle
  rm -rf /var/lib/evcctl/kubeadm-before.new
  if [ -d /var/lib/evcctl/kubeadm-before ] && [ "$1" != again ]; then cp -pPR /var/lib/evcctl/kubeadm-before /var/lib/evcctl/kubeadm-before.new; else mkdir -m 0700 /var/lib/evcctl/kubeadm-before.new; fi
  keep_entries conf /etc/kubernetes/*.conf
  keep_entries pki /etc/kubernetes/pki/* /etc/kubernetes/pki/.[!.]* /etc/kubernetes/pki/..?*
  keep_entries manifests /etc/kubernetes/manifests/* /etc/kubernetes/manifests/.[!.]* /etc/kubernetes/manifests/..?*
  keep_entries kubelet /var/lib/kubelet/* /var/lib/kubelet/.[!.]* /var/lib/kubelet/..?*
  if [ -d /var/lib/evcctl/kubeadm-before ] && [ "$1" = again ]; then
    for entry in /var/lib/evcctl/kubeadm-before/conf/* /var/lib/evcctl/kubeadm-before/conf/.[!.]* /var/lib/evcctl/kubeadm-before/conf/..?* /var/lib/evcctl/kubeadm-before/pki/* /var/lib/evcctl/kubeadm-before/pki/.[!.]* /var/lib/evcctl/kubeadm-before/pki/..?* /var/lib/evcctl/kubeadm-before/manifests/* /var/lib/evcctl/kubeadm-before/manifests/.[!.]* /var/lib/evcctl/kubeadm-before/manifests/..?* /var/lib/evcctl/kubeadm-before/kubelet/* /var/lib/evcctl/kubeadm-before/kubelet/.[!.]* /var/lib/evcctl/kubeadm-before/kubelet/..?*; do
      over=/var/lib/evcctl/kubeadm-before.new/${entry#/var/lib/evcctl/kubeadm-before/}
      if [ ! -d "$entry" ] || [ -L "$entry" ] || [ ! -d "$over" ] || [ -L "$over" ]; then rm -rf -- "$over"; fi
    done
    cp -fpPR /var/lib/evcctl/kubeadm-before/. /var/lib/evcctl/kubeadm-before.new/
  fi
  { find /var/lib/evcctl/kubeadm-before.new -xdev -exec sync -- {} + 2>/dev/null || sync; }
  mv -T /var/lib/evcctl/kubeadm-before.new /var/lib/evcctl/kubeadm-before.full
  { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  settle
}
put_back() {
  folder=$1
  shift
  mkdir -p "$folder"
  for entry in "$@"; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then cp -fpPR -- "$entry" "$folder/"; fi
  done
}
put_all_back() {
  put_back /etc/kubernetes /var/lib/evcctl/kubeadm-before/conf/* /var/lib/evcctl/kubeadm-before/conf/.[!.]* /var/lib/evcctl/kubeadm-before/conf/..?*
  put_back /etc/kubernetes/pki /var/lib/evcctl/kubeadm-before/pki/* /var/lib/evcctl/kubeadm-before/pki/.[!.]* /var/lib/evcctl/kubeadm-before/pki/..?*
  put_back /etc/kubernetes/manifests /var/lib/evcctl/kubeadm-before/manifests/* /var/lib/evcctl/kubeadm-before/manifests/.[!.]* /var/lib/evcctl/kubeadm-before/manifests/..?*
  put_back /var/lib/kubelet /var/lib/evcctl/kubeadm-before/kubelet/* /var/lib/evcctl/kubeadm-before/kubelet/.[!.]* /var/lib/evcctl/kubeadm-before/kubelet/..?*
}
lost() {
  if [ ! -d "$1" ]; then return 1; fi
  sums=$(cd "$1" && find . -type f -exec sha256sum {} +) || return 0
  if [ -n "$sums" ] && ! ( cd "$2" && printf '%s\n' "$sums" | sha256sum -c ) >/dev/null 2>&1; then return 0; fi
  ( cd "$1" && find . ! -type f ! -type d ) | {
    while IFS= read -r entry; do
      if [ ! -e "$2/$entry" ] && [ ! -L "$2/$entry" ]; then exit 0; fi
    done
    exit 1
  }
}
set_aside() {
  settle
  if [ -d /var/lib/evcctl/kubeadm-before ]; then
    some=
    if lost /var/lib/evcctl/kubeadm-before/conf /etc/kubernetes; then some=yes; fi
    if lost /var/lib/evcctl/kubeadm-before/pki /etc/kubernetes/pki; then some=yes; fi
    if lost /var/lib/evcctl/kubeadm-before/manifests /etc/kubernetes/manifests; then some=yes; fi
    if lost /var/lib/evcctl/kubeadm-before/kubelet /var/lib/kubelet; then some=yes; fi
    if [ -n "$some" ]; then
      aside=/var/lib/evcctl/kubeadm-before.saved number=1
      while [ -e "$aside" ]; do number=$(( number + 1 )) aside=/var/lib/evcctl/kubeadm-before.saved.$number; done
      mv -T /var/lib/evcctl/kubeadm-before "$aside"
    else rm -rf /var/lib/evcctl/kubeadm-before; fi
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
}
member_to_go() {
  case $data in /?*) ;; *) return 1 ;; esac
  if [ ! -e "$data/member" ] && [ ! -L "$data/member" ]; then return 1; fi
  if grep -qxF "member $(stat -c '%i %W' -- "$data/member" 2>/dev/null)" /var/lib/evcctl/kubeadm-reset.unfinished; then return 0; fi
  echo "$data/member is there since a reset of this host was cut off, so nothing is reset: move it away, or remove /var/lib/evcctl/kubeadm-reset.unfinished if the host is a node again" >&2
  exit 1
}
need_no_member() {
  if [ -e '/var/lib/etcd/member' ] || [ -L '/var/lib/etcd/member' ]; then printf '%s\n' '/var/lib/etcd/member is there. evcctl has not made this data of an etcd. Move it away, or name another folder in spec.kubernetes.clusterConfiguration.etcd.local.dataDir.' >&2; exit 1; fi
}
begin() {
  rm -f /var/lib/evcctl/kubeadm-reset.unfinished
  need_no_member
  set_aside
  keep_files no
  mkdir -p /var/lib/kubelet
  printf '%s\n' init '/var/lib/etcd' >/var/lib/kubelet/evcctl-unfinished.new
  { sync -- /var/lib/kubelet/evcctl-unfinished.new 2>/dev/null || sync; }
  mv -fT /var/lib/kubelet/evcctl-unfinished.new /var/lib/kubelet/evcctl-unfinished
  { sync -- /var/lib/kubelet 2>/dev/null || sync; }
}
reset_host() {
  cut_off= run= data= mark=
  if [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; then mark=/var/lib/evcctl/kubeadm-reset.unfinished
  elif [ -e /var/lib/kubelet/evcctl-unfinished ]; then mark=/var/lib/kubelet/evcctl-unfinished
  fi
  if [ -n "$mark" ]; then
    cut_off=yes
    { read -r run && IFS= read -r data; } <"$mark" || :
  fi
  if [ "$mark" != /var/lib/evcctl/kubeadm-reset.unfinished ]; then rm -f /var/lib/evcctl/kubeadm-reset.unfinished; fi
  settle
  if [ "$mark" = /var/lib/evcctl/kubeadm-reset.unfinished ]; then
    keep_files again
  else
    if [ -z "$cut_off" ]; then
      need_no_member
      set_aside
    fi
    if [ "$run" = init ] || [ -z "$cut_off" ]; then
      others=$(timeout 12 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get nodes -o name 2>/dev/null | grep -vxF 'node/cp1' | head -n 3) || :
      if [ -n "$others" ]; then
        printf '%s\n' 'Other nodes are in this cluster, although its kubeadm init was cut off, so it is not reset. If it is well, remove /var/lib/kubelet/evcctl-unfinished; then apply again.' "$others" >&2
        exit 1
      fi
    fi
    keep_files yes
    printf '%s\n' "$run" "$data" "$(stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null)" "member $(stat -c '%i %W' -- "$data/member" 2>/dev/null)" >/var/lib/evcctl/kubeadm-reset.unfinished.new
    { sync -- /var/lib/evcctl/kubeadm-reset.unfinished.new 2>/dev/null || sync; }
    mv -fT /var/lib/evcctl/kubeadm-reset.unfinished.new /var/lib/evcctl/kubeadm-reset.unfinished
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
  if member_to_go; then :; fi
  systemctl stop kubelet 2>/dev/null || :
  kubeadm reset --force --skip-phases=remove-etcd-member --cri-socket 'unix:///run/containerd/containerd.sock' >/dev/null
  if member_to_go; then rm -rf -- "$data/member"; fi
  put_all_back
  { find /etc/kubernetes /var/lib/kubelet -xdev -exec sync -- {} + 2>/dev/null || sync; }
  if [ -d /var/lib/evcctl/kubeadm-before ]; then
    rm -rf /var/lib/evcctl/kubeadm-before.done
    mv -T /var/lib/evcctl/kubeadm-before /var/lib/evcctl/kubeadm-before.done
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
  rm -f /var/lib/kubelet/evcctl-unfinished
  { sync -- /var/lib/kubelet 2>/dev/null || sync; }
  rm -f /var/lib/evcctl/kubeadm-reset.unfinished
  { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  rm -rf /var/lib/evcctl/kubeadm-before.done /var/lib/evcctl/kubeadm-before.new /var/lib/evcctl/kubeadm-before.full
}
if [ -e /var/lib/kubelet/evcctl-unfinished ] || { [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; }; then
  echo 'removing what an interrupted run of kubeadm left'
  reset_host
fi
kubeadm init phase preflight --config '/etc/evcctl/kubeadm.yaml'
rm -rf /var/lib/evcctl/manifests/complete /etc/kubernetes/pki/evcctl-apiserver/complete /var/lib/evcctl/kube-proxy.unfinished /var/lib/evcctl/manifests /var/lib/evcctl/static-pods /var/lib/evcctl/network-check /var/lib/evcctl/kubelet.unproven /var/lib/evcctl/proven/kubelet.service
begin
watched kubeadm init --config '/etc/evcctl/kubeadm.yaml' --skip-token-print --skip-certificate-key-print || {
  status=$?
  evidence
  exit "$status"
}
cp /var/lib/kubelet/config.yaml /var/lib/evcctl/kubelet-config.yaml.next
{ sync -- /var/lib/evcctl/kubelet-config.yaml.next 2>/dev/null || sync; }
mv -fT /var/lib/evcctl/kubelet-config.yaml.next /var/lib/evcctl/kubelet-config.yaml
mkdir -p /var/lib/evcctl/started
{ TZ=UTC0 stat -L -c '%n %i %z' '/usr/local/bin/kubelet' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/started/containerd.service' '/var/lib/evcctl/started/crio.service' '/var/lib/evcctl/started/docker.service' '/var/lib/evcctl/started/cri-docker.service' 2>/dev/null || :; } >/var/lib/evcctl/started/kubelet.service.next
mv -fT /var/lib/evcctl/started/kubelet.service.next /var/lib/evcctl/started/kubelet.service
--- next step
rm -rf /var/lib/evcctl/static-pods.new
mkdir -m 0700 /var/lib/evcctl/static-pods.new
for component in kube-apiserver kube-controller-manager kube-scheduler; do
  if [ -e /etc/kubernetes/manifests/$component.yaml ]; then cp -p /etc/kubernetes/manifests/$component.yaml /var/lib/evcctl/static-pods.new/; fi
done
{ find /var/lib/evcctl/static-pods.new -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/static-pods
mv -fT /var/lib/evcctl/static-pods.new /var/lib/evcctl/static-pods
--- next step
{"write":"/var/lib/evcctl/record.json","content":"{}\n","mode":384}
--- next step
( umask 077
  keep() {
    proven=/var/lib/evcctl/proven/$1
    shift
    rm -rf "$proven.next"
    mkdir -p "$proven.next"
    for file in "$@"; do
      if [ ! -f "$file" ]; then continue; fi
      mkdir -p "$proven.next${file%/*}"
      cp -p "$file" "$proven.next$file"
    done
    { find "$proven.next" -xdev -exec sync -- {} + 2>/dev/null || sync; }
    rm -rf "$proven"
    mv -fT "$proven.next" "$proven"
  }
  keep 'kubelet.service' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/kubelet-config.yaml' '/var/lib/evcctl/kubelet-configuration.json'
)
{ find /etc/kubernetes /var/lib/kubelet/pki /var/lib/kubelet/config.yaml -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -f /var/lib/evcctl/kubeadm-init.etcd
if [ -d /var/lib/evcctl/kubeadm-before ]; then
  rm -rf /var/lib/evcctl/kubeadm-before.done
  mv -T /var/lib/evcctl/kubeadm-before /var/lib/evcctl/kubeadm-before.done
  { sync -- /var/lib/evcctl 2>/dev/null || sync; }
fi
rm -f /var/lib/kubelet/evcctl-unfinished
{ sync -- /var/lib/kubelet 2>/dev/null || sync; }
rm -f /var/lib/evcctl/kubeadm-reset.unfinished
{ sync -- /var/lib/evcctl 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/kubeadm-before.done /var/lib/evcctl/kubeadm-before.new /var/lib/evcctl/kubeadm-before.full
