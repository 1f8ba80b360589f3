import { randomBytes } from 'node:crypto'
import { listLocalHosts, removeLocalHosts } from '../../../src/local/clusters.ts'
import { type LocalHosts, type StartOptions, startLocalHosts } from '../../../src/local/hosts.ts'
import { parseNodes } from '../../../src/local/nodes.ts'
import { isAlive } from '../../kit/process.ts'

/** What a test may choose; name, labels and state folder are the kit's. */
export type TestHostOptions = Omit<StartOptions, 'name' | 'labels' | 'hosts'> & {
  /** `1+2`, or the hosts one by one. */
  readonly hosts: string | StartOptions['hosts']
}

/** Label with the process id of the test run that started a host. */
const testLabel = 'dev.evcctl.test'

let cleaned: Promise<void> | undefined

/**
 * Starts hosts for a test under a name of their own: `await using hosts = await startHosts({ hosts: '1+2' })`.
 * What test runs left that no longer live is removed first, once a process.
 */
export async function startHosts(options: TestHostOptions): Promise<LocalHosts> {
  cleaned ??= removeLeftovers()
  await cleaned
  return startLocalHosts({
    ...options,
    hosts: typeof options.hosts === 'string' ? parseNodes(options.hosts) : options.hosts,
    name: testName(),
    labels: { [testLabel]: String(process.pid) },
  })
}

/** A name that no other test run uses. */
export function testName(): string {
  return `test-${process.pid}-${randomBytes(3).toString('hex')}`
}

async function removeLeftovers(): Promise<void> {
  for (const cluster of await listLocalHosts()) {
    const pid = Number(cluster.labels[testLabel])
    if (pid > 0 && !isAlive(pid)) await removeLocalHosts(cluster.name)
  }
}
