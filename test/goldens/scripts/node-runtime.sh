### node runtime:docker on cp1: probe
if [ ! -s /etc/kubernetes/kubelet.conf ]; then exit 0; fi
sed -n -e 's/^.*--container-runtime-endpoint=\([^" ]*\).*$/socket=\1/p' \
  -e 's/^containerRuntimeEndpoint: *"\{0,1\}\([^" ]*\)"\{0,1\} *$/socket=\1/p' \
  /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/instance-config.yaml /var/lib/kubelet/config.yaml 2>/dev/null || :

### node runtime:docker on cp1: step 1, of 2 lines
echo "the runtime of a node is not changed" >&2
…
