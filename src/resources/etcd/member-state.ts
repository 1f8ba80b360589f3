import { longProbeMs } from '../../core/limits.ts'
import type { Probe, Survey } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import type { Member } from '../../etcd/index.ts'
import { quoteAll } from '../../shell/quote.ts'
import { fieldsOf, linesOf } from '../support/index.ts'
import { etcdctl, etcdPaths, etcdUnit } from './paths.ts'

/** What a host knows of its own member and of the etcd cluster. */
export interface EtcdMemberState {
  readonly hasData: boolean
  /** The member neither runs nor is about to start. */
  readonly stopped: boolean
  /** `not asked`: the host has no program or no certificate yet. `silent`: no endpoint gave an answer. */
  readonly cluster: 'not asked' | 'silent' | 'answered'
  /** Empty unless the cluster answered. */
  readonly members: readonly Member[]
}

/** Asks a host and the cluster about the members; subjects are client URLs. parseMember() reads the answer. */
export const memberSurvey: Survey = { name: 'etcd members', timeoutMs: longProbeMs, script: memberScript }

/** Runs memberSurvey through these client URLs and parses the answer. */
export function memberProbe(clientURLs: readonly string[]): Probe<EtcdMemberState> {
  return surveyProbe({ asks: [{ survey: memberSurvey, subjects: clientURLs }], parse: parseMember })
}

/**
 * Asks the cluster for its members, through each endpoint until one answers (a list needs a quorum), and then asks every
 * member whether it is alive. The simple format has whole IDs; the JSON format has numbers that JavaScript would round.
 */
function memberScript(clientURLs: readonly string[]): string {
  const { data, client, pki } = etcdPaths
  return `if [ -d ${data}/member/wal ]; then echo data=there; fi
echo "unit=$(systemctl show -p ActiveState --value -- ${etcdUnit})"
if [ -x ${client} ] && [ -s ${pki}/server.crt ] && [ -s ${pki}/server.key ]; then
  echo asked=yes
  for endpoint in ${quoteAll(clientURLs)}; do
    list=$(${etcdctl('"$endpoint"')} member list -w simple 2>/dev/null) || continue
    echo answered=yes
    printf '%s\\n' "$list" | sed 's/^/member=/'
    all=$(printf '%s\\n' "$list" | awk -F', ' '$5 != "" { printf "%s%s", sep, $5; sep = "," }')
    if [ -n "$all" ]; then ${etcdctl('"$all"')} endpoint status -w simple 2>/dev/null | sed 's/^/alive=/'; fi
    break
  done
fi
`
}

export function parseMember(raw: Parameters<typeof fieldsOf>[0]): EtcdMemberState {
  const fields = fieldsOf(raw, ['unit'])
  const alive = new Set(linesOf(raw, 'alive').map(line => line.split(', ')[1]))
  const asked = fields.get('asked') === 'yes'
  return {
    hasData: fields.get('data') === 'there',
    stopped: ['inactive', 'failed', ''].includes(fields.get('unit')!),
    cluster: !asked ? 'not asked' : fields.get('answered') === 'yes' ? 'answered' : 'silent',
    members: linesOf(raw, 'member').map(line => memberOfLine(line, alive)),
  }
}

// `8e9e05c52164694d, started, e1, https://10.0.0.1:2380, https://10.0.0.1:2379, false`; an unstarted member has neither
// name nor client URLs.
function memberOfLine(line: string, alive: ReadonlySet<string | undefined>): Member {
  const [id = '', , name = '', peers = '', clients = '', learner = ''] = line.split(', ')
  return {
    id,
    name,
    peerURLs: peers.split(',').filter(url => url !== ''),
    clientURLs: clients.split(',').filter(url => url !== ''),
    learner: learner === 'true',
    healthy: alive.has(id),
  }
}
