### absent:/etc/systemd/system/docker.service.d/50-evcctl-proxy.conf on cp1: probe
if [ -e '/etc/systemd/system/docker.service.d/50-evcctl-proxy.conf' ] || [ -L '/etc/systemd/system/docker.service.d/50-evcctl-proxy.conf' ]; then stat -c 'type=%F' '/etc/systemd/system/docker.service.d/50-evcctl-proxy.conf'; else echo type=absent; fi

### absent:/etc/systemd/system/docker.service.d/50-evcctl-proxy.conf on cp1: step 1
rm -f '/etc/systemd/system/docker.service.d/50-evcctl-proxy.conf'

### absent:/var/lib/kubelet/config.json on cp1: probe, of 1 lines
if [ -f '/var/lib/kubelet/config.json' ] && grep -q -F -e '"managedBy": "evcctl"' '/var/lib/kubelet/config.json'; then stat -c 'type=%F' '/var/lib/kubelet/config.json'; else echo type=absent; fi
