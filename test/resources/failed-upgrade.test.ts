import { expect, test } from 'vitest'
import { type Fate, StaticPodWorld } from './static-pod-world.ts'

const all = (tag: string) =>
  ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(name => `${name}:${tag}`)

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

test.each<[string, string, Fate]>([
  ['of the API server that cannot be created', 'kube-apiserver:new', 'cannot be created'],
  ['of the API server that ends at once', 'kube-apiserver:new', 'ends at once'],
  ['of etcd that cannot be created', 'etcd:new', 'cannot be created'],
  ['of etcd that ends at once', 'etcd:new', 'ends at once'],
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
      `${image.split(':')[0]} does not come up with its new arguments; the old ones were put back`,
    )
    expect(Date.now() - began).toBeLessThan(60_000)
    expect(world.manifests()).toEqual(all('old'))
    await until(() => world.running().join() === all('old').join())
    expect(world.isMarked()).toBe(false)
    await until(() => world.closings() > 0)
    await until(() => !world.isClosed())
  },
  90_000,
)
