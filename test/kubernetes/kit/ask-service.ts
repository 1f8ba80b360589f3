import type { TestCluster } from './cluster.ts'

/**
 * What a web server in the cluster answers to a pod of {@link workload}. Rejects when it does not, and says then what
 * the nodes know of the way: endpoints, routes to other nodes, load.
 */
export async function askFromPod(cluster: TestCluster, pod: string, target: string): Promise<string> {
  try {
    // Packets that nobody gets are sent again after 1, 3, 7 and 15 s: what has no answer then is no matter of a busy machine.
    return (await cluster.kubectl('exec', pod, '--', 'wget', '-q', '-T', '20', '-O', '-', `http://${target}`)).trim()
  } catch (error) {
    const ends = await cluster.kubectl('get', 'pods,endpointslices', '-o', 'wide').catch(String)
    const ways = await Promise.all(
      cluster.hosts.hosts.map(async ({ name }) => {
        const { stdout } = await cluster.hosts.exec(
          name,
          `ip route; ip neigh show dev flannel.1; bridge fdb show dev flannel.1; iptables-save -t nat | grep 'default/web'; cat /proc/loadavg`,
        )
        return `${name}:\n${stdout}`
      }),
    )
    throw new Error([`${pod} asks ${target}: ${error}`, ends, ...ways].join('\n'))
  }
}
