import type { HealthQuestions } from '../../src/index.ts'

const kubelet = `ask_kubelet() {
  settings=/var/lib/kubelet/config.yaml
  if [ ! -s $settings ]; then echo kubelet=absent; return; fi
  port=$(sed -n 's/^healthzPort: *\\([0-9]*\\).*/\\1/p' $settings)
  address=$(sed -n 's/^healthzBindAddress: *["'\\'']*\\([0-9a-fA-F.:]*\\).*/\\1/p' $settings)
  case $address in '' | 0.0.0.0 | ::) address=127.0.0.1 ;; *:*) address="[$address]" ;; esac
  if [ "$port" = 0 ]; then
    words=$(systemctl is-active kubelet 2>&1) && code=0 status=200 || code=1 status=000
  else
    get "http://$address:\${port:-10248}/healthz"
  fi
  tell kubelet 300
}
`

// Anybody may read the readiness of an API server, unless anonymous requests are off (--anonymous-auth=false).
const apiServer = (port: number) => `ask_api() {
  manifest=/etc/kubernetes/manifests/kube-apiserver.yaml
  pki=/etc/kubernetes/pki
  if [ ! -s $manifest ]; then echo api=absent; return; fi
  address=$(sed -n 's/^ *- --advertise-address=//p' $manifest | head -n 1)
  port=$(sed -n 's/^ *- --secure-port=//p' $manifest | head -n 1)
  at=$(url "\${address:-127.0.0.1}" "\${port:-${port}}")/readyz
  get --cacert $pki/ca.crt "$at"
  case $status in
  401 | 403) get --cacert $pki/ca.crt --cert $pki/apiserver-kubelet-client.crt --key $pki/apiserver-kubelet-client.key "$at" ;;
  esac
  tell api 600
}
`

const stackedManifest = '/etc/kubernetes/manifests/etcd.yaml'
const stackedUrl = `$(sed -n 's/^ *- --listen-client-urls=\\([^,]*\\).*/\\1/p' ${stackedManifest} | head -n 1)`

/** How `evcctl status` reads the health of a node of kubeadm. */
export const kubeadmHealth: HealthQuestions = {
  kubelet,
  apiServer,
  member: {
    is: stackedManifest,
    at: stackedUrl,
    files: {
      ca: '/etc/kubernetes/pki/etcd/ca.crt',
      certificate: '/etc/kubernetes/pki/etcd/healthcheck-client.crt',
      key: '/etc/kubernetes/pki/etcd/healthcheck-client.key',
    },
  },
}
