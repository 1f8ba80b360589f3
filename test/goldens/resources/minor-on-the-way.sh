rm -rf /var/cache/evcctl/kubeadm-1.36.4
mkdir -p -m 0700 /var/cache/evcctl/kubeadm-1.36.4
install -m 0700 /var/cache/evcctl/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.part /var/cache/evcctl/kubeadm-1.36.4/kubeadm
--- next step
{"write":"/var/cache/evcctl/kubeadm-1.36.4/kubeadm.yaml","content":"apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nbootstrapTokens:\n  - ttl: 1m0s\n    description: made by kubeadm init, not used\nlocalAPIEndpoint:\n  advertiseAddress: 192.0.2.11\n  bindPort: 6443\nnodeRegistration:\n  name: cp1\n  criSocket: unix:///run/containerd/containerd.sock\n  taints: []\n  kubeletExtraArgs:\n    - name: node-ip\n      value: 192.0.2.11\n  imagePullSerial: false\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nclusterName: edge\nkubernetesVersion: v1.36.4\ncontrolPlaneEndpoint: 127.0.0.1:7443\nnetworking:\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/12\n  dnsDomain: cluster.local\napiServer:\n  certSANs: []\n  extraArgs:\n    - name: shutdown-watch-termination-grace-period\n      value: 5s\ncontrollerManager:\n  extraArgs:\n    - name: node-cidr-mask-size\n      value: \"24\"\ndns:\n  disabled: true\nproxy:\n  disabled: true\n","mode":384}
--- next step
PATH=/var/cache/evcctl/kubeadm-1.36.4:$PATH
upload_version() {
  stored=$(/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system get configmap kubeadm-config --output json) || return 1
  printf '%s\n' "$stored" | sed 's/\\nkubernetesVersion: v[0-9A-Za-z.+-]*\\n/\\nkubernetesVersion: v1.36.4\\n/' |
    /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s --namespace kube-system replace --validate=false --filename - >/dev/null
}
tries=0
until upload_version; do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 10 ]; then exit 1; fi
  sleep 2
done
--- next step
rm -rf /var/cache/evcctl/kubeadm-1.36.4 /var/cache/evcctl/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.part
