### download:kubeadm on cp1: probe
if grep -q -s -x -F -e archive=10d054585907f2c8bb823c84f6a66b3bd2a474c3d795475f04e9a44f78650fe6 '/var/lib/evcctl/artifacts/kubeadm'; then echo installed
elif [ -f /var/cache/evcctl/10d054585907f2c8bb823c84f6a66b3bd2a474c3d795475f04e9a44f78650fe6.part ]; then sha256sum </var/cache/evcctl/10d054585907f2c8bb823c84f6a66b3bd2a474c3d795475f04e9a44f78650fe6.part; fi

### download:kubeadm on cp1: step 1, of 108 lines
…
site='dl.k8s.io'
url='https://dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubeadm'
…
down='/run/evcctl/down-dl.k8s.io'
…
echo "$part is complete"
