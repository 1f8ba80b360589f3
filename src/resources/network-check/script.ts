import { cgroupFunction } from '../../shell/cgroup.ts'
import { quote } from '../../shell/quote.ts'
import { checkPort, largeBytes } from './objects.ts'
import type { CheckPod, CheckPods } from './pods.ts'

/** The result of one pair: a pod on one node asked the pod on another. */
export interface PairResult {
  readonly from: string
  readonly to: string
  /**
   * `large`: a short answer arrived, one of 16 KiB did not. `other`: somebody else answered. `unasked`: one of the two pods
   * does not exist.
   */
  readonly state: 'reached' | 'silent' | 'large' | 'other' | 'unasked'
  /** The error message of the program that asked; empty when everything works. */
  readonly said: string
  /** Whether the node itself reaches the kubelet of the other node; undefined where that was not tried. */
  readonly hostsReach?: boolean
}

/** The result of DNS, and of the Service of the API server, from a pod on one node. */
export interface ServiceResult {
  readonly from: string
  readonly state: 'reached' | 'dns' | 'service' | 'unasked'
  readonly said: string
}

/** The results of one node. */
export interface NodeResults {
  readonly pairs: readonly PairResult[]
  /** Undefined where the cluster has no DNS service. */
  readonly service?: ServiceResult
}

/** How long one answer may take, s. */
const answerSeconds = 5
const dnsSeconds = 12

/** The most that a check takes in addition to its patience, s: the last try, and whether the hosts reach each other. */
export const lastTrySeconds = 30

export interface Asking {
  /**
   * How long pods that do not answer are asked again, s. After a network has started, it takes a moment until every node has
   * the routes to every other, and until kube-proxy and DNS run; a node is Ready without them.
   */
  readonly patienceSeconds: number
  /** kubectl on the host. */
  readonly kubectlFile: string
}

/**
 * Asks the pods of other nodes from within the network of this node's pod, all at once; prints a line each. The script enters it from the
 * host, so it needs neither a shell in the pod nor the API server. Exits 1 when one fails.
 *
 * Anybody can write the command line of that pod, but nobody else is in its cgroup. What asks runs as root, so it is the host's own program
 * and gets nothing of the pod's files but the addresses of its DNS servers, in a folder that takes the place of /etc for this program alone.
 */
export function reachScript(
  node: string,
  { name, pods, dnsNodes }: CheckPods,
  peers: readonly string[],
  { patienceSeconds, kubectlFile }: Asking,
): string {
  const asked = peers.map(peer => {
    const pod = podOf(pods, peer)
    if (pod === undefined || pod.problem !== '') return ''
    return `peer ${[peer, pod.name, pod.address, pod.hostAddress].map(quote).join(' ')} &\n`
  })
  // The systemd driver has underscores in the names of cgroups.
  const cgroup = `pod${podOf(pods, node)?.uid?.replaceAll('-', '[-_]') ?? ' not known'}[^0-9a-f]`
  return `${cgroupFunction}tab=$(printf '\\t') pid=
for entry in $(grep -l -s -- ${quote(`[w]ww-prefix=/${name}/`)} /proc/[0-9]*/cmdline); do
  entry=\${entry%/cmdline}
  if in_cgroup "$entry" ${quote(cgroup)}; then pid=\${entry##*/}; fi
done
if [ -z "$pid" ]; then echo 'no pod of the check runs on ${node}' >&2; exit 1; fi
dns=$(head -c 4096 "/proc/$pid/root/etc/resolv.conf" 2>/dev/null | grep -E '^(nameserver|search|options) ' || :)
one_line() { tr '\\n\\t' '  ' | sed 's/ *$//' | cut -c 1-300; }
get() {
  seconds=$1 url=$2
  shift 2
  env -i LC_ALL=C "PATH=$PATH" timeout $(( seconds + 5 )) nsenter --target "$pid" --net \\
    unshare --mount sh -c 'mount -t tmpfs tmpfs /etc && printf "%s\\n" "$1" >/etc/resolv.conf && shift && exec "$@"' sh "$dns" \\
    ${quote(kubectlFile)} "--server=$url" "--request-timeout=\${seconds}s" "$@" 2>&1
}
end=$(( $(date +%s) + ${patienceSeconds} ))
# Answers that come at once, like a refusal, are not asked for again at once.
again() { sleep 1; [ "$(date +%s)" -lt "$end" ]; }
peer() {
  state=silent said=
  while :; do
    if said=$(get ${answerSeconds} "http://$3:${checkPort}" get --raw /${name}/name); then
      if [ "$said" != "$2" ]; then state=other; break; fi
      if said=$(get ${answerSeconds} "http://$3:${checkPort}" get --raw /${name}/large) && [ "\${#said}" -ge ${largeBytes} ]
      then state=reached said=; break; fi
      state=large
    fi
    again || break
  done
  hosts=
  if [ "$state" != reached ]; then
    hosts=no
    if curl -q --silent --insecure --output /dev/null --max-time ${answerSeconds} "https://$4:10250/healthz"; then hosts=yes; fi
  fi
  printf 'pair=%s\\t%s\\t%s\\t%s\\n' "$1" "$state" "$hosts" "$(printf '%s' "$said" | one_line)"
}
# Without a token kubectl would ask for a name and a password; that this one is refused is an answer.
service() {
  while :; do
    state=reached
    said=$(get ${dnsSeconds} https://kubernetes.default.svc --insecure-skip-tls-verify --token=nobody get --raw /version) || case $said in
      *Unauthorized* | *Forbidden* | *forbidden*) ;;
      *lookup*) state=dns ;;
      *) state=service ;;
    esac
    if [ "$state" = reached ]; then said=; break; fi
    again || break
  done
  printf 'service=%s\\t%s\\n' "$state" "$(printf '%s' "$said" | one_line)"
}
results=$(
  ${asked.join('  ')}  ${dnsNodes === undefined ? '' : 'service &\n  '}wait
)
printf '%s\\n' "$results"
# One that was ended before it could say anything has reached nobody.
if [ "$(printf '%s\\n' "$results" | grep -c -e '^pair=' -e '^service=')" -ne ${asked.filter(line => line !== '').length + (dnsNodes === undefined ? 0 : 1)} ]; then exit 1; fi
case $results in *"\${tab}silent\${tab}"* | *"\${tab}large\${tab}"* | *"\${tab}other\${tab}"* | *service=dns* | *service=service*) exit 1;; esac
${asked.includes('') ? 'exit 1\n' : ''}`
}

/** Parses the output of the script, complete or not: pods that were not asked are in the result, too. */
export function readResults(
  node: string,
  { pods, dnsNodes }: CheckPods,
  peers: readonly string[],
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
): NodeResults {
  const lines = stdout.split('\n')
  const rows = lines.filter(line => line.startsWith('pair=')).map(line => line.slice('pair='.length).split('\t'))
  const here = problemOf(podOf(pods, node), node) ?? (stderr.trim() || 'the check was cut off')
  const pairs = peers.map((to): PairResult => {
    const row = rows.find(([peer]) => peer === to)
    if (row === undefined) return { from: node, to, state: 'unasked', said: problemOf(podOf(pods, to), to) ?? here }
    const [, state, hosts, said = ''] = row
    const hostsReach = hosts === '' ? {} : { hostsReach: hosts === 'yes' }
    return { from: node, to, state: state as PairResult['state'], said, ...hostsReach }
  })
  if (dnsNodes === undefined) return { pairs }
  const service = lines.find(line => line.startsWith('service='))
  if (service === undefined) return { pairs, service: { from: node, state: 'unasked', said: here } }
  const [state, said = ''] = service.slice('service='.length).split('\t')
  return { pairs, service: { from: node, state: state as ServiceResult['state'], said } }
}

function podOf(pods: readonly CheckPod[], node: string): CheckPod | undefined {
  return pods.find(pod => pod.node === node)
}

function problemOf(pod: CheckPod | undefined, node: string): string | undefined {
  if (pod === undefined) return `no pod of the check was made for ${node}: is it in the cluster?`
  return pod.problem === '' ? undefined : `the pod of the check on ${node} does not run: ${pod.problem}`
}
