import { UserError } from '../core/errors.ts'
import type { ProbeResult } from '../core/resource.ts'
import type { MintDeclaration } from '../core/scope.ts'
import { quote } from '../shell/quote.ts'
import { kubectl } from './kubectl.ts'
import { checkObjects, lifeObject, podLabel } from './network-check-objects.ts'
import { fieldsOf, linesOf } from './probe-output.ts'

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
}

// As long as a node needs to start a pod whose image is there, and the cluster's DNS to come up after the network, s.
const patienceSeconds = 60

/**
 * A pod on every node, from what every node has already: the sandbox image and, mounted from the host, kubectl, which
 * serves two files over HTTP. All of it belongs to a Job that is done at once and that Kubernetes itself deletes after ten
 * minutes, so nothing remains where nobody comes to revoke it. Runs on a control plane node.
 */
export function checkPods({ image }: CheckPodsParameters): MintDeclaration<CheckPods> {
  const system = `${kubectl(30)} --namespace kube-system`
  const columns = [
    '.spec.nodeName',
    '.metadata.name',
    '.status.podIP',
    '.status.hostIP',
    '.status.phase',
    '.status.containerStatuses[0].state.waiting.reason',
    '.status.containerStatuses[0].state.waiting.message',
  ]
  const row = columns.map(column => `{${column}}`).join('{"\\t"}')
  return {
    name: 'pods of the network check',
    run: `name=evcctl-network-check-$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')
owner=$(sed "s/@NAME@/$name/g" <<'EVCCTL_EOF' | ${system} create -f - -o 'jsonpath={.metadata.uid}'
${JSON.stringify(lifeObject(image))}
EVCCTL_EOF
)
sed "s/@NAME@/$name/g; s/@OWNER@/$owner/g" <<'EVCCTL_EOF' | ${system} create -f - >/dev/null
${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: checkObjects(image) })}
EVCCTL_EOF
echo "name=$name"
${system} rollout status "daemonset/$name" --timeout=${patienceSeconds}s >/dev/null 2>&1 || true
if ${system} get service kube-dns >/dev/null 2>&1; then
  ${system} rollout status deployment/coredns --timeout=${patienceSeconds}s >/dev/null 2>&1 || true
  echo dns=yes
  ${system} get pods --selector k8s-app=kube-dns -o ${quote('jsonpath={range .items[*]}dnsNode={.spec.nodeName}{"\\n"}{end}')}
fi
${system} get pods --selector "${podLabel}=$name" -o ${quote(`jsonpath={range .items[*]}pod=${row}{"\\n"}{end}`)}
`,
    parse: parsePods,
    revoke: ({ name }) => `${system} delete job ${quote(name)} --ignore-not-found --wait=false\n`,
  }
}

function parsePods(raw: ProbeResult): CheckPods {
  const name = raw.exitCode === 0 ? fieldsOf(raw).get('name') : undefined
  if (name === undefined) {
    throw new UserError({
      problem: 'The pods of the network check could not be made.',
      came: raw.stderr.trim() || `exit code ${raw.exitCode}`,
      next: 'Does the API server answer, and does it let an administrator make pods in kube-system? evcctl status',
    })
  }
  const dnsNodes = linesOf(raw, 'dnsNode').filter(node => node !== '')
  return {
    name,
    pods: linesOf(raw, 'pod').map(readPod),
    dnsNodes: linesOf(raw, 'dns').length === 0 ? undefined : [...new Set(dnsNodes)],
  }
}

function readPod(line: string): CheckPod {
  const [node = '', name = '', address = '', hostAddress = '', phase = '', reason = '', message = ''] = line.split('\t')
  const why = [reason, message].filter(part => part !== '').join(': ')
  const runs = phase === 'Running' && why === '' && address !== ''
  return { node, name, address, hostAddress, problem: runs ? '' : why || phase }
}
