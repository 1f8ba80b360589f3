import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { removeLocalHosts } from '../../src/local/clusters.ts'
import { hostLabel } from '../../src/local/docker.ts'
import type { HostContainerOptions } from '../../src/local/host-container.ts'
import { startLocalHosts } from '../../src/local/hosts.ts'
import { temporaryFolder } from '../kit/folder.ts'

interface Thing {
  readonly Id: string
  readonly Name: string
  readonly Labels: Readonly<Record<string, string>>
}

/** A Docker that knows containers and networks by name, and refuses a second one of the same name, as the real one does. */
const docker = vi.hoisted(() => ({
  containers: [] as Thing[],
  networks: [] as Thing[],
  image: undefined as Promise<void> | undefined,
  ready: undefined as (() => Promise<void>) | undefined,
}))

function make(things: Thing[], Name: string, Labels: Thing['Labels']): string {
  if (things.some(thing => thing.Name === Name)) throw Object.assign(new Error(`${Name} exists`), { statusCode: 409 })
  things.push({ Id: `id of ${Name}`, Name, Labels })
  return `id of ${Name}`
}

function list(things: readonly Thing[], [label = '']: readonly string[]): readonly object[] {
  const [key = '', value] = label.split('=')
  return things
    .filter(({ Labels }) => key in Labels && (value === undefined || Labels[key] === value))
    .map(thing => ({ ...thing, NetworkSettings: { Networks: {} }, State: 'running' }))
}

function remove(things: Thing[], id: string): void {
  const at = things.findIndex(({ Id }) => Id === id)
  if (at < 0) throw Object.assign(new Error('gone'), { statusCode: 404 })
  things.splice(at, 1)
}

type Filters = { readonly filters: { readonly label: readonly string[] } }

vi.mock('../../src/local/docker.ts', async original => ({
  ...(await original<typeof import('../../src/local/docker.ts')>()),
  connectDocker: async () => ({
    container: {
      dockerode: {
        listContainers: async ({ filters }: Filters) => list(docker.containers, filters.label),
        listNetworks: async ({ filters }: Filters) => list(docker.networks, filters.label),
        listVolumes: async () => ({ Volumes: [] }),
        getContainer: (id: string) => ({ remove: async () => remove(docker.containers, id) }),
        getNetwork: (id: string) => ({
          remove: async () => remove(docker.networks, id),
          inspect: async () => ({ IPAM: { Config: [{ Subnet: '192.0.2.0/24', Gateway: '192.0.2.1' }] } }),
        }),
        createNetwork: async ({ Name, Labels }: Thing) => ({ id: make(docker.networks, Name, Labels) }),
      },
    },
  }),
}))
vi.mock('../../src/local/image.ts', () => ({
  ensureHostImage: async () => {
    await docker.image
    return 'image'
  },
}))
vi.mock('../../src/local/privileges.ts', () => ({ hostPrivileges: async () => ({}) }))
vi.mock('../../src/local/known-hosts.ts', () => ({ writeKnownHosts: async () => undefined }))
vi.mock('../../src/local/ready.ts', () => ({
  waitUntilReady: async () => docker.ready?.(),
}))
vi.mock('../../src/local/host-container.ts', () => ({
  HostContainer: class {
    readonly #options: HostContainerOptions
    constructor(_: string, options: HostContainerOptions) {
      this.#options = options
    }
    async start() {
      const { cluster, node, labels } = this.#options
      const own = { ...labels, 'dev.evcctl.local': cluster, [hostLabel]: node.name }
      const id = make(docker.containers, `evcctl-${cluster}-${node.name}`, own)
      return { getId: () => id }
    }
  },
}))

beforeEach(() => {
  Object.assign(docker, { containers: [], networks: [], image: undefined, ready: undefined })
})

const hosts = [{ name: 'cp1', roles: ['control-plane'] as const }]
const up = (stateFolder: string) => startLocalHosts({ name: 'lab', hosts, stateFolder })
const names = () => [...docker.containers, ...docker.networks].map(({ Name }) => Name)

test('of two starts of one name at once, one gets it, and the other takes nothing of it away', async () => {
  await using folder = await temporaryFolder()
  const image = Promise.withResolvers<void>()
  docker.image = image.promise
  const both = [up(join(folder.path, 'lab')), up(join(folder.path, 'lab'))]
  image.resolve()
  const [first, second] = await Promise.allSettled(both)
  const [started, refused] = first?.status === 'fulfilled' ? [first, second] : [second, first]
  expect(refused).toMatchObject({
    reason: {
      details: {
        where: 'local cluster lab',
        actual: join(folder.path, 'lab', 'id_ed25519'),
        next: expect.stringContaining('evcctl local down --name lab'),
      },
    },
  })
  expect(started).toMatchObject({ value: { hosts: [{ name: 'cp1' }] } })
  expect(names()).toEqual(['evcctl-lab-cp1', 'evcctl-lab'])
  expect(await readFile(join(folder.path, 'lab', 'id_ed25519'), 'utf8')).toContain('PRIVATE KEY')
})

test('a start with another folder, which another user has, leaves the hosts of that name as well', async () => {
  await using folder = await temporaryFolder()
  const image = Promise.withResolvers<void>()
  docker.image = image.promise
  const both = ['ann', 'bob'].map(user => up(join(folder.path, user)))
  image.resolve()
  const ends = await Promise.allSettled(both)
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(names()).toEqual(['evcctl-lab-cp1', 'evcctl-lab'])
  expect(await readdir(folder.path)).toHaveLength(1)
})

test('a start that fails removes all that it has made, so that the next one succeeds', async () => {
  await using folder = await temporaryFolder()
  docker.ready = () => Promise.reject(new Error('it does not boot'))
  await expect(up(join(folder.path, 'lab'))).rejects.toThrow('it does not boot')
  expect(names()).toEqual([])
  docker.ready = undefined
  await up(join(folder.path, 'lab'))
  expect(names()).toEqual(['evcctl-lab-cp1', 'evcctl-lab'])
  expect(await removeLocalHosts('lab')).toBe(1)
  expect(await readdir(folder.path)).toEqual([])
})

test('a start that fails leaves the key of a later one, which began when the first was taken down', async () => {
  await using folder = await temporaryFolder()
  const state = join(folder.path, 'lab')
  docker.ready = async () => {
    await writeFile(join(state, 'id_ed25519.pub'), 'of the later one\n')
    throw new Error('it was taken down')
  }
  await expect(up(state)).rejects.toThrow('it was taken down')
  expect(await readdir(state)).toEqual(['id_ed25519', 'id_ed25519.pub'])
})
