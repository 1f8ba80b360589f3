import { isIP } from 'node:net'
import { beginningOf } from '../../core/cut.ts'
import { UserError } from '../../core/errors.ts'
import type { ProbeResult } from '../../core/resource.ts'
import type { MintDeclaration } from '../../core/scope.ts'
import { quote } from '../../shell/quote.ts'
import { againFunction, kubectl } from '../api/index.ts'
import { fieldsOf, isObjectName, linesOf } from '../support/index.ts'
import { answerObject, lifeObject, podLabel, podObject } from './objects.ts'

/** The pod of a network check on one node. */
export interface CheckPod {
  readonly node: string
  readonly name: string
  /** Empty as long as it has none. */
  readonly address: string
  /** Address of the node; empty as long as the pod is not scheduled. */
  readonly hostAddress: string
  /** Why it does not run; empty when it does. */
  readonly problem: string
}

/** The pods of one network check: they are there for as long as the check lasts. */
export interface CheckPods {
  /** Name of the check, its objects and its URLs; another one each time. */
  readonly name: string
  readonly pods: readonly CheckPod[]
  /** The nodes that pods of the cluster's DNS run on; undefined where the cluster has no DNS service. */
  readonly dnsNodes: readonly string[] | undefined
}

export interface CheckPodsParameters {
  /** The image of the runtime's sandboxes: every node has it. */
  readonly image: string
  /** How long the pods may take to start, s; default 100, as a slow node needs whose images are there. */
  readonly podSeconds?: number
}

// As long as the cluster's DNS may take to come up after the network, s; where pods do not start, neither will it. With the
// time for the pods it fits into what a mint has (engine/mints.ts).
const dnsSeconds = 60

// What the runtime and the kubelet put around the cause: codes, and the id of a sandbox that is gone by now.
const noise = /rpc error: code = \w+ desc = | "[0-9a-f]{64}"/g

/**
 * A pod on every node, from what every node has already: the sandbox image and, mounted from the host, kubectl, which
 * serves two files over HTTP. All of it belongs to a Job that is done at once and that Kubernetes itself deletes after ten
 * minutes, so nothing remains where nobody comes to revoke it. Runs on a control plane node.
 */
export function checkPods({ image, podSeconds = 100 }: CheckPodsParameters): MintDeclaration<CheckPods> {
  const system = `${kubectl(10)} --namespace kube-system`
  // It has a time-out of its own.
  const patient = `${kubectl(0)} --namespace kube-system`
  const columns = [
    '.spec.nodeName',
    '.metadata.name',
    '.status.podIP',
    '.status.hostIP',
    '.status.phase',
    '.status.containerStatuses[0].state.waiting.reason',
    '.status.containerStatuses[0].state.waiting.message',
    // Of a pod that the kubelet did not take, e.g. OutOfpods.
    '.status.reason',
    '.status.message',
  ]
  const row = columns.map(column => `{${column}}`).join('{"\\t"}')
  // Of a pod whose sandbox cannot be made, the events alone say why.
  const warnings = `get events --field-selector type=Warning --sort-by=.lastTimestamp -o ${quote('jsonpath={range .items[*]}event={.involvedObject.name}{"\\t"}{.message}{"\\n"}{end}')}`
  return {
    name: 'pods of the network check',
    run: `${againFunction}name=evcctl-network-check-$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')
fill() { sed "s/@NAME@/$name/g; s/@OWNER@/\${owner:-}/g; s/@NODE@/\${1:-}/g"; }
life=$(fill <<'EVCCTL_EOF'
${JSON.stringify(lifeObject(image))}
EVCCTL_EOF
)
# What was made although the answer got lost is there at the next try.
make_life() {
  printf '%s\\n' "$life" | ${system} create -f - -o 'jsonpath={.metadata.uid}' ||
    ${system} get job "$name" -o 'jsonpath={.metadata.uid}' 2>/dev/null
}
make_all() { printf '%s\\n' "$all" | ${system} create -f - >/dev/null || printf '%s\\n' "$all" | ${system} apply -f - >/dev/null; }
owner=$(again make_life)
nodes=$(again ${system} get nodes -o ${quote('jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}')})
pod=$(cat <<'EVCCTL_EOF'
${JSON.stringify(podObject(image))}
EVCCTL_EOF
)
all=$(
  fill <<'EVCCTL_EOF'
---
${JSON.stringify(answerObject)}
EVCCTL_EOF
  for node in $nodes; do printf -- '---\\n%s\\n' "$pod" | fill "$node"; done
)
again make_all
echo "name=$name"
dns=${dnsSeconds}
${patient} wait pods --selector "${podLabel}=$name" --for=condition=Ready --timeout=${podSeconds}s >/dev/null 2>&1 || {
  dns=5
  ${system} ${warnings} 2>/dev/null | grep "^event=$name-" | cut -c 1-1000 || true
}
service=$(again ${system} get service kube-dns --ignore-not-found -o name)
if [ -n "$service" ]; then
  ${patient} rollout status deployment/coredns --timeout=\${dns}s >/dev/null 2>&1 || true
  echo dns=yes
  again ${system} get pods --selector k8s-app=kube-dns -o ${quote(`jsonpath={range .items[*]}dnsNode={.spec.nodeName}{"\\n"}{end}`)}
fi
again ${system} get pods --selector "${podLabel}=$name" -o ${quote(`jsonpath={range .items[*]}pod=${row}{"\\n"}{end}`)}
`,
    parse: parsePods,
    revoke: ({ name }) =>
      `${system} delete pods,configmaps,jobs --selector ${quote(`${podLabel}=${name}`)} --ignore-not-found --wait=false >/dev/null\n`,
  }
}

function parsePods(raw: ProbeResult): CheckPods {
  const name = raw.exitCode === 0 ? fieldsOf(raw).get('name') : undefined
  if (name === undefined) {
    throw new UserError({
      problem: 'The pods of the network check could not be made.',
      actual: raw.stderr.trim().split('\n').slice(-3).join('\n') || `exit code ${raw.exitCode}`,
      next: 'Does the API server answer, and does it let an administrator make pods in kube-system? evcctl status',
    })
  }
  const dnsNodes = linesOf(raw, 'dnsNode').filter(node => node !== '')
  const warnings = warningsOf(raw)
  const pods = linesOf(raw, 'pod').map(line => readPod(line, warnings))
  const strange =
    [name].find(one => !/^evcctl-network-check-[0-9a-f]{8}$/.test(one)) ??
    [...dnsNodes, ...pods.flatMap(pod => [pod.node, pod.name])].find(one => !isName(one)) ??
    pods.flatMap(pod => [pod.address, pod.hostAddress]).find(one => one !== '' && isIP(one) === 0)
  if (strange !== undefined) throw notSound(strange)
  return {
    name,
    pods,
    dnsNodes: linesOf(raw, 'dns').length === 0 ? undefined : [...new Set(dnsNodes)],
  }
}

// All nodes get these in scripts. A pod that is not scheduled has no node.
function isName(text: string): boolean {
  return text === '' || isObjectName(text)
}

function notSound(actual: string): UserError {
  return new UserError({
    problem: 'What the control plane node says of the pods of the network check cannot be right; no node was asked.',
    expected: 'names and addresses of pods and nodes',
    actual: beginningOf(actual, 100),
    next: 'What does it say? kubectl --namespace kube-system get pods -o wide',
  })
}

/** The last warning of each pod that has any. */
function warningsOf(raw: ProbeResult): ReadonlyMap<string, string> {
  const rows = linesOf(raw, 'event').map(line => line.split('\t') as [string, string])
  return new Map(rows.map(([pod, said = '']) => [pod, said.replaceAll(noise, '')]))
}

function readPod(line: string, warnings: ReadonlyMap<string, string>): CheckPod {
  const [node = '', name = '', address = '', hostAddress = '', phase = '', ...reasons] = line.split('\t')
  const why = reasons.filter(reason => reason !== '').join(': ')
  const runs = phase === 'Running' && why === '' && address !== ''
  const [, waiting = '', , refused = ''] = reasons
  const warning = waiting === '' && refused === '' ? warnings.get(name) : undefined
  const problem = `${why || phase}${warning === undefined ? '' : `: ${warning}`}`
  return { node, name, address, hostAddress, problem: runs ? '' : problem }
}
