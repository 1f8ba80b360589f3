import { longProbeMs } from '../../core/limits.ts'
import type { Probe, ProbeResult } from '../../core/resource.ts'
import type { Member } from '../../etcd/index.ts'
import { quoteAll } from '../../shell/quote.ts'
import { linesOf } from '../support/index.ts'

/** Ports of etcd as kubeadm sets it up (kubeadm/app/constants: EtcdListenClientPort, EtcdListenPeerPort). */
export const clientPort = 2379
export const peerPort = 2380

/** The members of a stacked etcd, as a control plane node sees them. */
export type StackedMembers =
  /** This host has no certificate of a stacked etcd yet. */
  | { readonly etcd: 'absent' }
  /** No member answers. */
  | { readonly etcd: 'silent'; readonly said: string }
  | { readonly etcd: 'answered'; readonly members: readonly StackedMember[] }

export interface StackedMember extends Member {
  readonly leader: boolean
}

const pki = '/etc/kubernetes/pki'

/**
 * A shell function `etcd URL PATH JSON [SECONDS]` that asks a member over etcd's JSON gateway, because hosts have no etcdctl. It
 * takes at most 5 s by default.
 */
export const etcdFunction = `etcd() {
  curl -q --silent --show-error --fail --connect-timeout 2 --max-time "\${4:-5}" --cacert ${pki}/etcd/ca.crt \\
    --cert ${pki}/apiserver-etcd-client.crt --key ${pki}/apiserver-etcd-client.key --data "$3" "$1/v3/$2" 2>&1
}
`

/**
 * Lists the members through each of these addresses until one answers, and then asks every member whether it is alive. Without
 * a quorum, a member tells what it knows itself, so that the numbers can be told.
 */
export function stackedMembersProbe(addresses: readonly string[]): Probe<StackedMembers> {
  const urls = addresses.map(address => `https://${address}:${clientPort}`)
  return {
    script: `if [ ! -s ${pki}/apiserver-etcd-client.key ] || [ ! -s ${pki}/etcd/ca.crt ]; then echo etcd=absent; exit 0; fi
${etcdFunction}for how in '{"linearizable":true}' '{}'; do
  for url in ${quoteAll(urls)}; do
    if list=$(etcd "$url" cluster/member/list "$how" 3); then
      printf 'members=%s\\n' "$list"
      for member in $(printf '%s' "$list" | grep -o '"clientURLs":\\["[^"]*"' | cut -d '"' -f 4); do
        if alive=$(etcd "$member" maintenance/status '{}' 3); then printf 'alive=%s\\n' "$alive"; fi
      done
      exit 0
    fi
    printf 'silent=%s: %s\\n' "$url" "$(printf '%s' "$list" | tr '\\n' ' ' | cut -c 1-300)"
  done
done
`,
    timeoutMs: longProbeMs,
    parse: parseMembers,
  }
}

function parseMembers(raw: ProbeResult): StackedMembers {
  if (linesOf(raw, 'etcd').includes('absent')) return { etcd: 'absent' }
  const list = objectIn(linesOf(raw, 'members')[0])
  if (!Array.isArray(list?.members)) return { etcd: 'silent', said: linesOf(raw, 'silent').at(-1) ?? raw.stderr.trim() }
  const alive = linesOf(raw, 'alive').flatMap(line => {
    const answer = objectIn(line)
    const id = idIn((answer?.header as Tree | undefined)?.member_id)
    return id === undefined ? [] : [{ id, leader: idIn(answer?.leader) === id }]
  })
  const members = list.members.flatMap((one: unknown) => memberIn(one, alive) ?? [])
  return { etcd: 'answered', members }
}

type Tree = Readonly<Record<string, unknown>>

function memberIn(one: unknown, alive: readonly { readonly id: string; readonly leader: boolean }[]) {
  const { ID, name, peerURLs, clientURLs, isLearner } = (one ?? {}) as Tree
  const id = idIn(ID)
  if (id === undefined) return undefined
  const own = alive.find(answer => answer.id === id)
  return {
    id,
    name: typeof name === 'string' ? name : '',
    peerURLs: textsIn(peerURLs),
    clientURLs: textsIn(clientURLs),
    learner: isLearner === true,
    healthy: own !== undefined,
    leader: own?.leader === true,
  }
}

// The gateway prints whole numbers of 64 bits as texts; etcdctl prints them in hexadecimal.
function idIn(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value).toString(16) : undefined
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
}

function objectIn(text = ''): Tree | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Tree) : undefined
  } catch {
    return undefined
  }
}
