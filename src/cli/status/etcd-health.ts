import type { ClusterSpec } from '../../config/index.ts'
import { HostError } from '../../core/index.ts'
import { neededOf } from '../../etcd/index.ts'
import type { Asked, HealthProblem, HostAnswers, ListedMember } from './health-answer.ts'

/** The state of etcd as a whole. */
export interface EtcdHealth {
  /** What is counted. An external etcd that evcctl does not manage has `endpoints`, each with any number of members behind it. */
  readonly counted: 'members' | 'endpoints'
  /** The number of voting members or of endpoints; 0 if there is no etcd yet. */
  readonly total: number
  readonly healthy: number
  /** How many more members may be lost. Negative: there is no quorum. Undefined for endpoints. */
  readonly survives?: number
}

interface Outcome {
  readonly health: EtcdHealth
  readonly problems: readonly HealthProblem[]
}

/** Counts the healthy members or endpoints, and reports problems that no single host can report. Pure. */
export function etcdHealth(spec: ClusterSpec, answers: HostAnswers): Outcome {
  return spec.etcd.topology === 'external' && !spec.etcd.managed
    ? endpointHealth(spec.etcd.endpoints, answers)
    : memberHealth(spec, answers)
}

/** The quorum of voting members: how many of them are healthy, and how many more may be lost. */
export function memberCount(total: number, healthy: number): EtcdHealth {
  return { counted: 'members', total, healthy, survives: healthy - neededOf(total) }
}

function memberHealth(spec: ClusterSpec, answers: HostAnswers): Outcome {
  const role = spec.etcd.topology === 'stacked' ? 'control-plane' : 'etcd'
  const hosts = spec.hosts.filter(({ roles }) => roles.includes(role)).map(({ name }) => name)
  const isHealthy = (host: string): boolean => {
    const answer = answers.get(host)
    return answer !== undefined && !(answer instanceof HostError) && answer.etcd.state === 'ok'
  }
  const list = memberList(hosts, answers, isHealthy)
  // Without a list of members, every host counts that has a member or may have one.
  const voters =
    list?.filter(({ learner }) => !learner).map(({ name }) => name) ?? hosts.filter(host => mayHave(answers.get(host)))
  const healthy = voters.filter(name => hosts.includes(name) && isHealthy(name)).length
  const strays = voters.filter(name => !hosts.includes(name))
  // External etcd hosts are no nodes, so the list of nodes does not show that one is missing.
  const unmade = role === 'etcd' && voters.length > 0 ? hosts.filter(host => !mayHave(answers.get(host))) : []
  return {
    health: memberCount(voters.length, healthy),
    problems: [
      ...strays.map(name => ({
        where: name === '' ? 'a member of etcd that has never started' : `the member ${name} of etcd`,
        problem: `no host of ${spec.file} with the role ${role} has it, so it was not asked and counts as lost`,
      })),
      ...unmade.map(where => ({
        where,
        problem: `its member of etcd is not set up. To make it: evcctl apply ${spec.file}`,
      })),
    ],
  }
}

// The list of a member that has a quorum is the newest one.
function memberList(
  hosts: readonly string[],
  answers: HostAnswers,
  isHealthy: (host: string) => boolean,
): readonly ListedMember[] | undefined {
  for (const host of [...hosts.filter(isHealthy), ...hosts]) {
    const answer = answers.get(host)
    if (answer !== undefined && !(answer instanceof HostError) && answer.members !== undefined) return answer.members
  }
  return undefined
}

function mayHave(answer: ReturnType<HostAnswers['get']>): boolean {
  return answer === undefined || answer instanceof HostError || answer.etcd.state !== 'absent'
}

// An endpoint is healthy if one control plane node reaches it. If another node does not, its API server shows that.
function endpointHealth(endpoints: readonly string[], answers: HostAnswers): Outcome {
  const said = endpoints.map((_, index) => {
    const all = [...answers.values()].flatMap(answer =>
      answer instanceof HostError ? [] : (answer.endpoints.get(index) ?? []),
    )
    return all.find(({ state }) => state === 'ok') ?? all[0] ?? unasked
  })
  // Before the first control plane node is set up, no host has a client certificate for etcd.
  if (said.every(one => one === unasked))
    return { health: { counted: 'endpoints', total: 0, healthy: 0 }, problems: [] }
  return {
    health: {
      counted: 'endpoints',
      total: endpoints.length,
      healthy: said.filter(({ state }) => state === 'ok').length,
    },
    problems: said.flatMap((asked, index) =>
      asked.state === 'ok' ? [] : [{ where: endpoints[index]!, problem: `etcd is not healthy: ${asked.said}` }],
    ),
  }
}

const unasked: Asked = { state: 'unknown', said: 'no control plane node has asked it' }

/** `3 etcd members, 2 healthy: no further loss`; undefined where there is no etcd yet. */
export function etcdText({ counted, total, healthy, survives }: EtcdHealth): string | undefined {
  if (total === 0) return undefined
  if (counted === 'endpoints') return `external etcd: ${healthy} of ${total} endpoints healthy`
  return `${total} etcd ${total === 1 ? 'member' : 'members'}, ${healthy} healthy: ${outlook(survives ?? 0)}`
}

function outlook(survives: number): string {
  if (survives < 0) return 'no quorum'
  return survives === 0 ? 'no further loss' : `survives the loss of ${survives}`
}
