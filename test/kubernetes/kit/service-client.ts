import type { LocalHosts } from '../../../src/local/hosts.ts'
import { waitUntil } from './control-plane.ts'

/** What a client of a Service has seen. */
export interface Served {
  readonly asked: number
  /**
   * A line for each request without an answer: when it began (ms since the epoch), what curl said, where the kernel had sent it
   * (if it tells), the pods to which kube-proxy sent such packets then, and the load of the machine.
   */
  readonly failed: readonly string[]
}

const folder = '/run/evcctl-test-service'

// Each request over a connection of its own, so that it goes to any of the pods. Packets that nobody gets are sent again after 1, 3 and 7 s,
// so what has no answer after 10 s has none for a reason other than a machine with too much to do.
const loop = (address: string): string => `
rm -rf ${folder}; mkdir -p ${folder}; cd ${folder}
touch asked failed
ask() {
  begun=$(date +%s%3N)
  said=$(curl --silent --show-error --fail --max-time 10 --output /dev/null --write-out 'from port %{local_port}, connected after %{time_connect} s: ' "http://${address}/" 2>&1) || {
    port=$(echo "$said" | sed -n 's/^from port \\([0-9]*\\),.*/\\1/p')
    echo "$begun $said; $(grep -s -e "sport=$port dport=80 " /proc/net/nf_conntrack); sent to $(iptables-save -t nat | sed -n 's|.*"default/web -> \\([0-9.:]*\\)".*|\\1|p' | tr '\\n' ' '); load $(cut -d ' ' -f 1 /proc/loadavg)" >>failed
  }
  echo >>asked
}
while [ ! -e stop ]; do ask & sleep 0.1; done
wait`

/**
 * Asks a Service ten times a second from a node, until it is told to stop. It begins when the Service has answered there once: kube-proxy
 * learns a moment later than the API server that pods are ready, and a packet that arrives while it writes its tables stays astray.
 */
export async function startServiceClient(hosts: LocalHosts, node: string, address: string) {
  await waitUntil(`the Service answers on ${node}`, async () => {
    const { exitCode } = await hosts.exec(
      node,
      `curl --silent --fail --max-time 2 --output /dev/null "http://${address}/"`,
    )
    return exitCode === 0
  })
  const running = hosts.exec(node, loop(address))
  return {
    async stop(): Promise<Served> {
      await hosts.exec(node, `touch ${folder}/stop`)
      await running
      const { stdout } = await hosts.exec(node, `wc -l <${folder}/asked; cat ${folder}/failed`)
      const [asked = '0', ...failed] = stdout.trim().split('\n')
      return { asked: Number(asked), failed }
    },
  }
}
