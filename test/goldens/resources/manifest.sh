if [ ! -s /etc/kubernetes/admin.conf ] || [ -e /var/lib/evcctl/kubeadm-init.unfinished ]; then echo api=absent; exit 0; fi
if answer=$(timeout 12 /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=5s get -f - --ignore-not-found -o json <<'EVCCTL_EOF'
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"conf","namespace":"ns"}}
---
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod","namespace":"ns"}}
EVCCTL_EOF
)
then printf 'api=answered\n%s\n' "$answer"
else
  if [ $? = 124 ]; then echo 'no answer within 12 s' >&2; fi
  echo api=unreachable
fi
---
tries=0
until /usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/dev/null/evcctl --request-timeout=30s apply --server-side --force-conflicts --field-manager=evcctl -f - <<'EVCCTL_EOF'
apiVersion: v1
kind: ConfigMap
metadata:
  name: conf
  namespace: ns
data:
  a.json: "{}"
---
apiVersion: v1
kind: Pod
metadata:
  name: pod
  namespace: ns
spec:
  hostNetwork: false
  containers:
    - name: one
      image: i:1
      resources:
        requests:
          cpu: "0.5"
EVCCTL_EOF
do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 5 ]; then exit 1; fi
  sleep 2
done
