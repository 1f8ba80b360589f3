import { isControlPlane, isEtcdHost, isNode } from '../../cluster/index.ts'
import type { ClusterSpec, HostSpec } from '../../config/index.ts'
import { statusLimits } from '../../core/limits.ts'
import { quote } from '../../shell/quote.ts'

/*
 * The script that asks a host about its own part of the cluster. It asks only servers of that host, never through a proxy.
 * It asks all of them at once, so each answer is one line that is short enough for a single write.
 */

const seconds = statusLimits.serverMs / 1000

// `get` sets variables: the exit code of curl, the HTTP status, and the text of the answer. `tell` prints them as
// `<name>=<code> <status> <base64>`, without the lines `[+]… ok` of an API server.
const functions = `get() {
  words=$(curl -q --silent --show-error --globoff --max-time ${seconds} --write-out '\\nhttp=%{http_code}\\n' "$@" 2>&1) && code=0 || code=$?
  status=$(printf '%s\\n' "$words" | sed -n 's/^http=\\([0-9][0-9][0-9]\\)$/\\1/p' | tail -n 1)
}
tell() {
  printf '%s=%s %s %s\\n' "$1" "$code" "\${status:-000}" "$(printf '%s\\n' "$words" | sed '/^\\[+\\]/d; /^http=/d' | head -c "$2" | base64 | tr -d '\\n')"
}
url() { case $1 in *:*) printf 'https://[%s]:%s' "$1" "$2" ;; *) printf 'https://%s:%s' "$1" "$2" ;; esac; }
`

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

interface EtcdFiles {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

const withFiles = ({ ca, certificate, key }: EtcdFiles) => `--cacert ${ca} --cert ${certificate} --key ${key}`

// An etcd member tells whether it is part of a quorum, and lists the members it knows (JSON gateway of etcd).
function member(is: string, at: string, files: EtcdFiles): string {
  const get = `get ${withFiles(files)}`
  return `ask_etcd() {
  if [ ! -s ${is} ]; then echo etcd=absent; return; fi
  at=${at}
  ${get} "\${at:-https://127.0.0.1:2379}/health"
  tell etcd 300
  [ "$code" = 0 ] || return 0
  ${get} --data '{"linearizable":false}' "\${at:-https://127.0.0.1:2379}/v3/cluster/member/list"
  tell members 2700
}
`
}

const stackedFiles = {
  ca: '/etc/kubernetes/pki/etcd/ca.crt',
  certificate: '/etc/kubernetes/pki/etcd/healthcheck-client.crt',
  key: '/etc/kubernetes/pki/etcd/healthcheck-client.key',
}
const stackedManifest = '/etc/kubernetes/manifests/etcd.yaml'
const stackedUrl = `$(sed -n 's/^ *- --listen-client-urls=\\([^,]*\\).*/\\1/p' ${stackedManifest} | head -n 1)`
const ownFiles = {
  ca: '/etc/etcd/pki/ca.crt',
  certificate: '/etc/etcd/pki/server.crt',
  key: '/etc/etcd/pki/server.key',
}
const clientFiles = {
  ca: '/etc/evcctl/etcd/ca.crt',
  certificate: '/etc/evcctl/etcd/client.crt',
  key: '/etc/evcctl/etcd/client.key',
}

// Asks the few endpoints of an external etcd that evcctl does not manage, from this control plane node.
function endpoints(urls: readonly string[]): string {
  return urls
    .map(
      (url, index) => `ask_endpoint${index}() {
  if [ ! -s ${clientFiles.certificate} ]; then return; fi
  get ${withFiles(clientFiles)} ${quote(`${url}/health`)}
  tell endpoint${index} 300
}
`,
    )
    .join('')
}

/** The script for one host. It asks the kubelet, the API server and the etcd member that the cluster file gives this host. */
export function healthScript({ controlPlane, etcd }: ClusterSpec, host: HostSpec): string {
  const isServer = isControlPlane(host)
  const parts = [functions]
  const asked: string[] = []
  const ask = (name: string, part: string) => {
    parts.push(part)
    asked.push(name)
  }
  if (isNode(host)) ask('ask_kubelet', kubelet)
  if (isServer) ask('ask_api', apiServer(controlPlane.bindPort))
  if (etcd.topology === 'stacked') {
    if (isServer) ask('ask_etcd', member(stackedManifest, stackedUrl, stackedFiles))
  } else if (etcd.managed) {
    if (isEtcdHost(host)) ask('ask_etcd', member('/etc/etcd/etcd.env', "''", ownFiles))
  } else if (isServer) {
    parts.push(endpoints(etcd.endpoints))
    asked.push(...etcd.endpoints.map((_, index) => `ask_endpoint${index}`))
  }
  return `command -v curl >/dev/null || { echo curl=absent; exit 0; }
${parts.join('')}${asked.map(name => `${name} &\n`).join('')}wait
`
}
