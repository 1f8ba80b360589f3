import { distributionOf } from '../../../distributions/index.ts'
import { isControlPlane, isNode, type MemberQuestion, memberQuestion } from '../../cluster/index.ts'
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

const withFiles = ({ ca, certificate, key }: MemberQuestion['files']) =>
  `--cacert ${ca} --cert ${certificate} --key ${key}`

// An etcd member tells whether it is part of a quorum, and lists the members it knows (JSON gateway of etcd).
// With `more` it also tells what it says of itself: its size, its place in the log, and alarms.
function member({ is, at, files }: MemberQuestion, more: boolean): string {
  const get = `get ${withFiles(files)}`
  return `ask_etcd() {
  if [ ! -s ${is} ]; then echo etcd=absent; return; fi
  at=${at}
  ${get} "\${at:-https://127.0.0.1:2379}/health"
  tell etcd 300
  [ "$code" = 0 ] || return 0
  ${get} --data '{"linearizable":false}' "\${at:-https://127.0.0.1:2379}/v3/cluster/member/list"
  tell members 2700
${more ? `  ${get} --data '{}' "\${at:-https://127.0.0.1:2379}/v3/maintenance/status"\n  tell member 2700\n` : ''}}
`
}

const clientFiles = {
  ca: '/etc/evcctl/etcd/ca.crt',
  certificate: '/etc/evcctl/etcd/client.crt',
  key: '/etc/evcctl/etcd/client.key',
}

// Asks the few endpoints of an external etcd that evcctl does not manage, from this control plane node.
function endpoints(urls: readonly string[], more: boolean): string {
  const also = (
    url: string,
    index: number,
  ) => `  get ${withFiles(clientFiles)} --data '{"linearizable":false}' ${quote(`${url}/v3/cluster/member/list`)}
  tell members${index} 2700
  get ${withFiles(clientFiles)} --data '{}' ${quote(`${url}/v3/maintenance/status`)}
  tell member${index} 2700
`
  return urls
    .map(
      (url, index) => `ask_endpoint${index}() {
  if [ ! -s ${clientFiles.certificate} ]; then return; fi
  get ${withFiles(clientFiles)} ${quote(`${url}/health`)}
  tell endpoint${index} 300
${more ? also(url, index) : ''}}
`,
    )
    .join('')
}

/** The script for one host. It asks the kubelet, the API server and the etcd member that the cluster file gives this host. */
export function healthScript(spec: ClusterSpec, host: HostSpec): string {
  const { controlPlane } = spec
  const { health } = distributionOf(spec)
  const isServer = isControlPlane(host)
  const parts = [functions]
  const asked: string[] = []
  const ask = (name: string, part: string) => {
    parts.push(part)
    asked.push(name)
  }
  if (isNode(host)) ask('ask_kubelet', health.kubelet)
  if (isServer) ask('ask_api', health.apiServer(controlPlane.bindPort))
  const etcd = etcdQuestions(spec, host, false)
  return askAll([...parts, etcd.part], [...asked, ...etcd.asked])
}

/** The script that asks a host about etcd alone, and in more detail. */
export function etcdScript(spec: ClusterSpec, host: HostSpec): string {
  const { part, asked } = etcdQuestions(spec, host, true)
  return askAll([functions, part], asked)
}

function etcdQuestions(spec: ClusterSpec, host: HostSpec, more: boolean) {
  const { etcd } = spec
  const question = memberQuestion(spec, distributionOf(spec), host)
  if (question !== undefined) return { part: member(question, more), asked: ['ask_etcd'] }
  const urls = etcd.topology === 'external' && !etcd.managed && isControlPlane(host) ? etcd.endpoints : []
  return { part: endpoints(urls, more), asked: urls.map((_, index) => `ask_endpoint${index}`) }
}

function askAll(parts: readonly string[], asked: readonly string[]): string {
  return `command -v curl >/dev/null || { echo curl=absent; exit 0; }
${parts.join('')}${asked.map(name => `${name} &\n`).join('')}wait
`
}
