import { afterAll, beforeAll } from 'vitest'
import type { LocalHosts } from '../../../src/local/hosts.ts'
import { openScene, type Scene } from './scene.ts'
import { startHosts, type TestHostOptions } from './start-hosts.ts'

/** The hosts of a test file, and the scene in which evcctl runs on them. */
export interface HostsInUse {
  readonly hosts: LocalHosts
  readonly scene: Scene
  /** Runs a command as root on a host. */
  sh(host: string, command: string): Promise<string>
}

/** Starts hosts and opens a scene before the tests of a file, and takes both away after them. */
export function useHosts(options: TestHostOptions): HostsInUse {
  let hosts: LocalHosts
  let scene: Scene
  beforeAll(async () => {
    const [started, opened] = await Promise.all([startHosts(options), openScene()])
    hosts = started
    scene = opened
  })
  afterAll(async () => {
    await hosts?.[Symbol.asyncDispose]()
    await scene?.[Symbol.asyncDispose]()
  })
  return {
    get hosts() {
      return hosts
    },
    get scene() {
      return scene
    },
    sh: (host, command) => shOn(hosts, host, command),
  }
}

/** Runs a command as root on a host, and gives what it prints. Throws when it fails. */
export async function shOn(hosts: LocalHosts, host: string, command: string): Promise<string> {
  const { exitCode, stdout, stderr } = await hosts.exec(host, command)
  if (exitCode !== 0) throw new Error(`${host}: ${command}: exit code ${exitCode}: ${stderr}`)
  return stdout.trim()
}
