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
if [ -e /var/lib/evcctl/kubeadm-init.unfinished ]; then
  echo 'removing what an interrupted kubeadm init left'
  kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock >/dev/null
  # Its manifest, by which reset finds the data, may be gone already.
  if [ -d '/var/lib/etcd' ]; then find '/var/lib/etcd' -mindepth 1 -delete; fi
fi
rm -rf /var/lib/evcctl/manifests/complete /etc/kubernetes/pki/evcctl-apiserver/complete /var/lib/evcctl/kube-proxy.unfinished /var/lib/evcctl/manifests /var/lib/evcctl/static-pods /var/lib/evcctl/network-check /var/lib/evcctl/kubelet.unproven /var/lib/evcctl/proven/kubelet.service
: >/var/lib/evcctl/kubeadm-init.unfinished
{ sync -- /var/lib/evcctl/kubeadm-init.unfinished 2>/dev/null || sync; }
watched kubeadm init --config '/etc/evcctl/kubeadm.yaml' --skip-token-print --skip-certificate-key-print || {
  status=$?
  evidence
  exit "$status"
}
cp /var/lib/kubelet/config.yaml /var/lib/evcctl/kubelet-config.yaml.next
{ sync -- /var/lib/evcctl/kubelet-config.yaml.next 2>/dev/null || sync; }
mv -f /var/lib/evcctl/kubelet-config.yaml.next /var/lib/evcctl/kubelet-config.yaml
mkdir -p /var/lib/evcctl/started
{ TZ=UTC0 stat -L -c '%n %i %z' '/usr/local/bin/kubelet' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/started/containerd.service' '/var/lib/evcctl/started/crio.service' '/var/lib/evcctl/started/docker.service' '/var/lib/evcctl/started/cri-docker.service' 2>/dev/null || :; } >/var/lib/evcctl/started/kubelet.service.next
mv -f /var/lib/evcctl/started/kubelet.service.next /var/lib/evcctl/started/kubelet.service
--- next step
rm -rf /var/lib/evcctl/static-pods.new
mkdir -m 0700 /var/lib/evcctl/static-pods.new
for component in kube-apiserver kube-controller-manager kube-scheduler; do
  if [ -e /etc/kubernetes/manifests/$component.yaml ]; then cp -p /etc/kubernetes/manifests/$component.yaml /var/lib/evcctl/static-pods.new/; fi
done
{ find /var/lib/evcctl/static-pods.new -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -rf /var/lib/evcctl/static-pods
mv /var/lib/evcctl/static-pods.new /var/lib/evcctl/static-pods
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
    mv "$proven.next" "$proven"
  }
  keep 'kubelet.service' '/etc/systemd/system/kubelet.service' '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf' '/var/lib/kubelet/config.yaml' '/var/lib/kubelet/kubeadm-flags.env' '/var/lib/evcctl/kubelet-config.yaml' '/var/lib/evcctl/kubelet-configuration.json'
)
{ find /etc/kubernetes /var/lib/kubelet/pki /var/lib/kubelet/config.yaml -xdev -exec sync -- {} + 2>/dev/null || sync; }
rm -f /var/lib/evcctl/kubeadm-init.unfinished
