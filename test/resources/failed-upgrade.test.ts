import { expect, test } from 'vitest'
import { etcdStays } from '../../src/resources/kubeadm/newer-etcd.ts'
import { etcdTags, type Fate, StaticPodWorld } from './static-pod-world.ts'

const all = (tag: 'old' | 'new', etcd = tag) => [
  `etcd:${etcdTags[etcd]}`,
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(name => `${name}:${tag}`),
]

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 20_000, interval: 50 }).toBe(true)
}

test('static pods with images that start are replaced, the API server before etcd ends and after it begins', async () => {
  using world = new StaticPodWorld()
  const ended = await world.upgrade()
  expect([ended.exitCode, ended.stderr]).toEqual([0, ''])
  expect(world.manifests()).toEqual(all('new'))
  expect(world.running()).toEqual(all('new'))
  expect(world.seen).not.toContainEqual(expect.stringMatching(/^kube-apiserver/))
  expect(world.closedAtStart).toEqual([false, true])
  await until(() => !world.isClosed())
})

const component = (image: string) => image.split(':')[0]
test.each<[string, string, Fate]>([
  ['of the API server that cannot be created', 'kube-apiserver:new', 'cannot be created'],
  ['of the API server that ends at once', 'kube-apiserver:new', 'ends at once'],
  ['of etcd that cannot be created', 'etcd:3.7.0-0', 'cannot be created'],
  ['of etcd that ends at once', 'etcd:3.7.0-0', 'ends at once'],
  ['of the scheduler that cannot be created', 'kube-scheduler:new', 'cannot be created'],
  ['of the controller manager that cannot be created', 'kube-controller-manager:new', 'cannot be created'],
])(
  'an image %s is found soon, and all static pods go back to what served',
  async (_what, image, fate) => {
    using world = new StaticPodWorld({ [image]: fate })
    const began = Date.now()
    const ended = await world.upgrade()
    expect(ended.exitCode).toBe(1)
    expect(ended.stderr).toContain(
      `${component(image)} does not come up with its new arguments; the old ones were put back`,
    )
    expect(Date.now() - began).toBeLessThan(60_000)
    // An etcd of another minor that has run does not let the former one read its data.
    const etcd = component(image) === 'etcd' ? 'old' : 'new'
    expect(ended.stderr.includes(etcdStays)).toBe(etcd === 'new')
    expect(world.manifests()).toEqual(all('old', etcd))
    await until(() => world.running().join() === all('old', etcd).join())
    expect(world.isMarked()).toBe(false)
    await until(() => world.closings() > 0)
    await until(() => !world.isClosed())
  },
  90_000,
)

test('an etcd of another minor that has written and does not stay up is not taken back, and a later one gets the node out', async () => {
  using world = new StaticPodWorld({ 'etcd:3.7.0-0': 'writes and ends' })
  const ended = await world.upgrade()
  expect([ended.exitCode, ended.stderr.includes(etcdStays)]).toEqual([1, true])
  expect(world.manifests()).toEqual(all('old', 'new'))
  expect(await world.upgrade('3.7.1-0')).toMatchObject({ exitCode: 0 })
  await until(() => world.running().includes('etcd:3.7.1-0') && world.running().length === 4)
}, 90_000)

test('an etcd of the same minor goes back with the others, also when it has run', async () => {
  using world = new StaticPodWorld({ 'kube-apiserver:new': 'cannot be created' })
  const ended = await world.upgrade('3.6.9-0')
  expect([ended.exitCode, ended.stderr.includes(etcdStays)]).toEqual([1, false])
  expect(world.manifests()).toEqual(all('old'))
}, 90_000)

test('an etcd never gets an older minor, though that is the one of the version of Kubernetes', async () => {
  using world = new StaticPodWorld()
  expect(await world.upgrade('3.7.0-0')).toMatchObject({ exitCode: 0 })
  expect(await world.upgrade('3.6.8-0')).toMatchObject({ exitCode: 0 })
  expect(world.running()).toEqual(all('new'))
}, 90_000)

test.each<[string, Fate, 'old' | 'new']>([
  ['and was cut off stays', 'runs', 'new'],
  ['that could not start goes back when a change was cut off', 'cannot be created', 'old'],
])(
  'an etcd of another minor %s',
  async (_what, fate, etcd) => {
    using world = new StaticPodWorld({ 'etcd:3.7.0-0': fate, 'kube-apiserver:new': 'ends at once' })
    const running = world.upgrade()
    const isIn = () => world.manifests().includes('etcd:3.7.0-0')
    await until(() => isIn() && (fate !== 'runs' || world.running().includes('etcd:3.7.0-0')))
    world.kill()
    await running
    const recovered = await world.recover()
    expect([recovered.exitCode, recovered.stdout.includes(etcdStays)]).toEqual([0, etcd === 'new'])
    expect(world.manifests()).toEqual(all('old', etcd))
    await until(() => world.running().join() === all('old', etcd).join())
    world.becomes('kube-apiserver:new', 'runs')
    world.becomes('etcd:3.7.0-0', 'runs')
    expect(await world.upgrade()).toMatchObject({ exitCode: 0 })
    expect(world.running()).toEqual(all('new'))
  },
  90_000,
)
