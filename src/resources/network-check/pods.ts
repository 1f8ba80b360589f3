import { isIP } from 'node:net'
import { beginningOf } from '../../core/cut.ts'
import { UserError } from '../../core/errors.ts'
import type { ProbeResult } from '../../core/resource.ts'
import type { EphemeralDeclaration } from '../../core/scope.ts'
import { quote } from '../../shell/quote.ts'
import { type ApiAccess, againFunction, kubectl } from '../api/index.ts'
import { fieldsOf, isObjectName, linesOf } from '../support/index.ts'
import { answerObject, lifeObject, podLabel, podObject } from './objects.ts'

/** The pod of a network check on one node. */
export interface CheckPod {
  readonly node: string
  readonly name: string
  /** Its UID in the API, which the names of its cgroups have; undefined: not told. */
  readonly uid: string | undefined
  /** Empty until the pod has an address. */
  readonly address: string
  /** Address of the node; empty until the pod is scheduled. */
  readonly hostAddress: string
  /** Why the pod does not run; empty when it does. */
  readonly problem: string
}

/** The pods of one network check: an ephemeral value, which exists as long as the check lasts. */
export interface CheckPods {
  /** Name of the check, of its objects and in its URLs; different each time. */
  readonly name: string
  readonly pods: readonly CheckPod[]
  /** The nodes that run pods of the cluster's DNS; undefined where the cluster has no DNS service. */
  readonly dnsNodes: readonly string[] | undefined
}

export interface CheckPodsParameters {
  readonly api: ApiAccess
  /** The image of the runtime's sandboxes: every node has it. */
  readonly image: string
  /** How long the pods may take to start, s. Default 100: enough for a slow node that has the images. */
  readonly podSeconds?: number
}

// How long the cluster's DNS may take to start after the network, s; if pods do not start, DNS will not either. Together
// with the time for the pods it stays below the time limit of an ephemeral value (engine/ephemerals.ts).
const dnsSeconds = 60

// Text that the runtime and the kubelet put around the cause: codes, and the id of a sandbox that is gone by now.
const noise = /rpc error: code = \w+ desc = | "[0-9a-f]{64}"/g

/**
 * A pod on every node, made from what every node has already: the sandbox image, and kubectl, which is mounted from the host
 * and serves two files over HTTP. A Job that completes at once owns all objects, and Kubernetes deletes it after ten
 * minutes. So nothing remains even if the run is killed before it cleans up. Runs on a control plane node.
 */
export function checkPods({ api, image, podSeconds = 100 }: CheckPodsParameters): EphemeralDeclaration<CheckPods> {
  const system = `${kubectl(api, 10)} --namespace kube-system`
  // The wait has a time-out of its own.
  const patient = `${kubectl(api, 0)} --namespace kube-system`
  const columns = [
    '.spec.nodeName',
    '.metadata.name',
    '.status.podIP',
    '.status.hostIP',
    '.status.phase',
    '.status.containerStatuses[0].state.waiting.reason',
    '.status.containerStatuses[0].state.waiting.message',
    // For a pod that the kubelet rejected, e.g. OutOfpods.
    '.status.reason',
    '.status.message',
  ]
  const row = columns.map(column => `{${column}}`).join('{"\\t"}')
  // If the sandbox of a pod cannot be created, only the events show why.
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
${JSON.stringify(podObject(api, image))}
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
again ${system} get pods --selector "${podLabel}=$name" -o ${quote(`jsonpath={range .items[*]}pod=${row}{"\\n"}uid={.metadata.name}{"\\t"}{.metadata.uid}{"\\n"}{end}`)}
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
      problem: 'The pods of the network check could not be created.',
      actual: raw.stderr.trim().split('\n').slice(-3).join('\n') || `exit code ${raw.exitCode}`,
      next: 'Check that the API server answers and lets an administrator create pods in kube-system: evcctl status',
    })
  }
  const dnsNodes = linesOf(raw, 'dnsNode').filter(node => node !== '')
  const warnings = warningsOf(raw)
  const uids = new Map(linesOf(raw, 'uid').map(line => line.split('\t') as [string, string]))
  const pods = linesOf(raw, 'pod').map(line => readPod(line, warnings, uids))
  const strange =
    [name].find(one => !/^evcctl-network-check-[0-9a-f]{8}$/.test(one)) ??
    [...dnsNodes, ...pods.flatMap(pod => [pod.node, pod.name])].find(one => !isName(one)) ??
    pods.flatMap(pod => [pod.address, pod.hostAddress]).find(one => one !== '' && isIP(one) === 0) ??
    pods.flatMap(({ uid = [] }) => uid).find(uid => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uid))
  if (strange !== undefined) throw notSound(strange)
  return {
    name,
    pods,
    dnsNodes: linesOf(raw, 'dns').length === 0 ? undefined : [...new Set(dnsNodes)],
  }
}

// These values go into the scripts of all nodes, so they are checked. A pod that is not scheduled has no node.
function isName(text: string): boolean {
  return text === '' || isObjectName(text)
}

function notSound(actual: string): UserError {
  return new UserError({
    problem: 'The control plane node reports pods of the network check that cannot be right, so no node was checked.',
    expected: 'names and addresses of pods and nodes',
    actual: beginningOf(actual, 100),
    next: 'See its report: kubectl --namespace kube-system get pods -o wide',
  })
}

/** The last warning of each pod that has one. */
function warningsOf(raw: ProbeResult): ReadonlyMap<string, string> {
  const rows = linesOf(raw, 'event').map(line => line.split('\t') as [string, string])
  return new Map(rows.map(([pod, said = '']) => [pod, said.replaceAll(noise, '')]))
}

function readPod(line: string, warnings: ReadonlyMap<string, string>, uids: ReadonlyMap<string, string>): CheckPod {
  const [node = '', name = '', address = '', hostAddress = '', phase = '', ...reasons] = line.split('\t')
  const why = reasons.filter(reason => reason !== '').join(': ')
  const runs = phase === 'Running' && why === '' && address !== ''
  const [, waiting = '', , refused = ''] = reasons
  const warning = waiting === '' && refused === '' ? warnings.get(name) : undefined
  const problem = `${why || phase}${warning === undefined ? '' : `: ${warning}`}`
  return { node, name, uid: uids.get(name), address, hostAddress, problem: runs ? '' : problem }
}
