import type { TestCluster } from './cluster.ts'
import { waitUntil } from './control-plane.ts'

/** One lookup of a client. */
export interface Lookup {
  /** ms since the epoch, by the clock that all container hosts share. */
  readonly begun: number
  readonly ended: number
  /** How often it was asked until there was an answer; 0: both times in vain. */
  readonly tries: 0 | 1 | 2
}

/** What a client has seen. */
export interface Lookups {
  readonly lookups: readonly Lookup[]
  readonly answeredAtOnce: number
  /** Answered when asked again. */
  readonly retried: readonly Lookup[]
  /** Not answered either time. */
  readonly failed: readonly Lookup[]
}

const name = 'dns-client'
const folder = '/run/evcctl-test-dns'
const perSecond = 10

// kubernetes.default.svc.cluster.local, an A record of class IN.
const query =
  '\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x0akubernetes\\x07default\\x03svc\\x07cluster\\x05local\\x00\\x00\\x01\\x00\\x01'

// Each time from a port of its own, as resolvers do. An answer has the number of the question, no error and one address.
const client = (server: string): string => `
ask() {
  exec 3<>/dev/udp/${server}/53 || return 1
  cat query >&3
  timeout 1 dd bs=512 count=1 <&3 2>/dev/null | od -An -v -tx1 -N8 | grep -q '^ 12 34 8. .0 00 01 00 01'
}
look() {
  begun=$(date +%s%3N)
  if ask; then tries=1; elif ask; then tries=2; else tries=0; fi
  echo "$begun $(date +%s%3N) $tries" >>lookups
}
cd ${folder}
# What printf writes to a socket goes out a line at a time, and a length of ten is the end of a line.
printf '${query}' >query
touch started
while [ ! -e stop ]; do
  look 2>/dev/null &
  sleep ${1 / perSecond}
done
wait`

/**
 * Asks the cluster's DNS ten times a second from within a pod on `node`: by its Service's address, with a second to answer, and
 * once again where there was none. Goes on until it is told to stop, with or without an API server.
 */
export async function startDnsClient(cluster: TestCluster, node: string) {
  const { hosts, kubectl } = cluster
  const server = await kubectl('-n', 'kube-system', 'get', 'service', 'kube-dns', '-o', 'jsonpath={.spec.clusterIP}')
  const address = await clientPod(cluster, node)
  const script = `rm -rf ${folder}; mkdir -p ${folder}
cat >${folder}/client <<'EOF'
${client(server)}
EOF
for namespace in $(ip netns list | cut -d ' ' -f 1); do
  if ip netns exec "$namespace" ip -o address | grep -q ' ${address}/'; then
    ip netns exec "$namespace" bash ${folder}/client
  fi
done`
  const running = hosts.exec(node, script)
  await waitUntil('the DNS client runs', async () => {
    return (await hosts.exec(node, `test -e ${folder}/started`)).exitCode === 0
  })
  return {
    async stop(): Promise<Lookups> {
      await hosts.exec(node, `touch ${folder}/stop`)
      await running
      return measure((await hosts.exec(node, `cat ${folder}/lookups`)).stdout)
    },
  }
}

// The sandbox of a pod is all it needs, and every node has that image.
async function clientPod({ kubectl }: TestCluster, node: string): Promise<string> {
  const there = await kubectl('get', 'pod', name, '--ignore-not-found', '-o', 'name')
  if (there === '') {
    const images = await kubectl('get', 'node', node, '-o', 'jsonpath={.status.images[*].names[*]}')
    const image = /\S+\/pause:\S+/.exec(images)?.[0] ?? 'registry.k8s.io/pause:3.10.1'
    const overrides = JSON.stringify({ spec: { nodeName: node } })
    await kubectl('run', name, `--image=${image}`, '--image-pull-policy=IfNotPresent', `--overrides=${overrides}`)
    await kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s')
  }
  return kubectl('get', 'pod', name, '-o', 'jsonpath={.status.podIP}')
}

/** What was measured, in a line. */
export function describeLookups({ lookups, answeredAtOnce, retried, failed }: Lookups): string {
  const longest = Math.max(0, ...lookups.map(({ begun, ended }) => ended - begun))
  return `${lookups.length} lookups, ${answeredAtOnce} answered at once, ${retried.length} when asked again, ${failed.length} not at all, longest ${longest} ms`
}

function measure(text: string): Lookups {
  const lookups = text
    .trim()
    .split('\n')
    .map(line => line.split(' ').map(Number) as [number, number, number])
    .map(([begun, ended, tries]): Lookup => ({ begun, ended, tries: tries as Lookup['tries'] }))
  return {
    lookups,
    answeredAtOnce: lookups.filter(({ tries }) => tries === 1).length,
    retried: lookups.filter(({ tries }) => tries === 2),
    failed: lookups.filter(({ tries }) => tries === 0),
  }
}
