### etcd:answer on cp1: probe
silence=1
unasked() { echo "unasked=$1"; exit "$silence"; }
command -v curl >/dev/null || unasked 'curl is not installed'
for file in '/etc/evcctl/etcd/ca.crt' '/etc/evcctl/etcd/client.crt' '/etc/evcctl/etcd/client.key'; do [ -s "$file" ] || unasked "$file is not there"; done
ask() {
  if said=$(curl -q --silent --show-error --fail --connect-timeout 2 --max-time 5 --cacert '/etc/evcctl/etcd/ca.crt' --cert '/etc/evcctl/etcd/client.crt' --key '/etc/evcctl/etcd/client.key' --data '{"key":"L3JlZ2lzdHJ5Lw==","range_end":"L3JlZ2lzdHJ5MA==","limit":"1","keys_only":true,"serializable":true}' "$2/v3/kv/range" 2>&1); then
    case $said in *'"cluster_id":'*) silence=0 ;; esac
    printf '%s=%s %s\n' "$1" "$2" "$(printf '%s' "$said" | tr -d '\n')"
  else
    printf 'silent=%s: %s\n' "$2" "$(printf '%s' "$said" | tr '\n' ' ' | cut -c 1-300)"
  fi
}
for endpoint in 'https://192.0.2.31:2379'; do
  ask answer "$endpoint"
  if [ "$silence" = 0 ]; then break; fi
done

### etcd:answer on cp1: step 1, until it succeeds
silence=1
unasked() { echo "unasked=$1"; exit "$silence"; }
command -v curl >/dev/null || unasked 'curl is not installed'
for file in '/etc/evcctl/etcd/ca.crt' '/etc/evcctl/etcd/client.crt' '/etc/evcctl/etcd/client.key'; do [ -s "$file" ] || unasked "$file is not there"; done
ask() {
  if said=$(curl -q --silent --show-error --fail --connect-timeout 2 --max-time 5 --cacert '/etc/evcctl/etcd/ca.crt' --cert '/etc/evcctl/etcd/client.crt' --key '/etc/evcctl/etcd/client.key' --data '{"key":"L3JlZ2lzdHJ5Lw==","range_end":"L3JlZ2lzdHJ5MA==","limit":"1","keys_only":true,"serializable":true}' "$2/v3/kv/range" 2>&1); then
    case $said in *'"cluster_id":'*) silence=0 ;; esac
    printf '%s=%s %s\n' "$1" "$2" "$(printf '%s' "$said" | tr -d '\n')"
  else
    printf 'silent=%s: %s\n' "$2" "$(printf '%s' "$said" | tr '\n' ' ' | cut -c 1-300)"
  fi
}
for endpoint in 'https://192.0.2.31:2379'; do
  ask answer "$endpoint"
  if [ "$silence" = 0 ]; then break; fi
done
exit "$silence"

### etcd:registry on cp1: probe, of 33 lines
used=
sed 's/^/begun=/' /var/lib/evcctl/kubeadm-init.etcd 2>/dev/null || :
cut_off= run= data= mark=
if [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; then mark=/var/lib/evcctl/kubeadm-reset.unfinished
elif [ -e /var/lib/kubelet/evcctl-unfinished ]; then mark=/var/lib/kubelet/evcctl-unfinished
…
if [ -n "$mark" ]; then
  cut_off=yes
  { read -r run && IFS= read -r data; } <"$mark" || :
…
if [ "$run" = init ]; then { sed -n 's/^ *- --etcd-servers=//p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | tr ',' '\n'; } | sed 's/^/begun=/'
elif [ -n "$cut_off" ]; then :
elif [ -s /etc/kubernetes/admin.conf ]; then
  echo standing=yes
…
for endpoint in $used; do printf 'uses=%s\n' "$endpoint"; done
…
for endpoint in 'https://192.0.2.31:2379'; do ask wanted "$endpoint"; done
for endpoint in $used; do
  case ' https://192.0.2.31:2379 ' in *" $endpoint "*) ;; *) ask used "$endpoint" ;; esac
…

### etcd:registry on cp1: step 1, until it succeeds, of 34 lines
used=
sed 's/^/begun=/' /var/lib/evcctl/kubeadm-init.etcd 2>/dev/null || :
cut_off= run= data= mark=
if [ -e /var/lib/evcctl/kubeadm-reset.unfinished ] && ! { stat -c '%n %i %Z' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | grep -qvxFf /var/lib/evcctl/kubeadm-reset.unfinished; }; then mark=/var/lib/evcctl/kubeadm-reset.unfinished
elif [ -e /var/lib/kubelet/evcctl-unfinished ]; then mark=/var/lib/kubelet/evcctl-unfinished
…
if [ -n "$mark" ]; then
  cut_off=yes
  { read -r run && IFS= read -r data; } <"$mark" || :
…
if [ "$run" = init ]; then { sed -n 's/^ *- --etcd-servers=//p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null | tr ',' '\n'; } | sed 's/^/begun=/'
elif [ -n "$cut_off" ]; then :
elif [ -s /etc/kubernetes/admin.conf ]; then
  echo standing=yes
…
for endpoint in $used; do printf 'uses=%s\n' "$endpoint"; done
…
for endpoint in 'https://192.0.2.31:2379'; do ask wanted "$endpoint"; done
for endpoint in $used; do
  case ' https://192.0.2.31:2379 ' in *" $endpoint "*) ;; *) ask used "$endpoint" ;; esac
…
