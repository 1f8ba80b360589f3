### kubelet configuration:/var/lib/kubelet/config.yaml on cp1: probe
if [ -s /etc/kubernetes/kubelet.conf ]; then echo joined=yes; fi
if [ -f /var/lib/kubelet/config.yaml ]; then printf 'current='; base64 -w 0 </var/lib/kubelet/config.yaml; echo; fi
if [ -f /var/lib/evcctl/kubelet-configuration.json ]; then printf 'record='; base64 -w 0 </var/lib/evcctl/kubelet-configuration.json; echo; fi
if [ -f /var/lib/evcctl/kubelet-config.yaml ]; then printf 'written='; base64 -w 0 </var/lib/evcctl/kubelet-config.yaml; echo; fi

### kubelet configuration:/var/lib/kubelet/config.yaml on cp1: step 2
write_config() {
  if [ ! -s /var/lib/kubelet/config.yaml ]; then
    kubeadm upgrade node phase kubelet-config
    return
  fi
  cp -p /var/lib/kubelet/config.yaml /var/lib/kubelet/config.yaml.evcctl && unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh '/var/lib/kubelet/config.yaml.evcctl' '/var/lib/kubelet/config.yaml' kubeadm upgrade node phase kubelet-config || return 1
  if [ ! -s /var/lib/kubelet/config.yaml.evcctl ]; then return 1; fi
  { sync -- /var/lib/kubelet/config.yaml.evcctl 2>/dev/null || sync; }
  mv -fT /var/lib/kubelet/config.yaml.evcctl /var/lib/kubelet/config.yaml
}
tries=0
until write_config; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 5 ]; then exit 1; fi
  sleep 2
done
{ printf '# kubeadm %s\n' "$(kubeadm version -o short)"; cat /var/lib/kubelet/config.yaml; } >/var/lib/evcctl/kubelet-config.yaml.next
{ sync -- /var/lib/evcctl/kubelet-config.yaml.next 2>/dev/null || sync; }
mv -fT /var/lib/evcctl/kubelet-config.yaml.next /var/lib/evcctl/kubelet-config.yaml
