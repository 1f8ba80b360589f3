import fc from 'fast-check'
import type { Member, MembershipStep, WantedMember } from '../../src/etcd/index.ts'

/** A small model of an etcd cluster, to which a step does the same as to a real one. */
export interface World {
  readonly members: readonly Member[]
  readonly wanted: readonly WantedMember[]
  /** Names of hosts on which etcd can run. */
  readonly alive: ReadonlySet<string>
}

export const peerURL = (host: number): string => `https://10.0.0.${host}:2380`

/** Does a step. Throws if etcd would refuse it. */
export function take({ members, wanted, alive }: World, step: MembershipStep, serial: number): World {
  const hosts = (name: string, data: WantedMember['data'], id?: string) =>
    wanted.map(({ id: _, ...host }) =>
      host.name === name ? { ...host, data, ...(id === undefined ? {} : { id }) } : host,
    )
  const set = (id: string, change: Partial<Member>) =>
    members.map(member => (member.id === id ? { ...member, ...change } : member))
  switch (step.do) {
    case 'add learner': {
      if (members.some(member => member.learner)) throw new Error('etcd takes one learner at a time')
      const { peerURL: url, name } = step.member
      if (members.some(member => member.peerURLs.includes(url))) throw new Error('this peer URL is taken')
      const id = `new${serial}`
      const added = { id, name: '', peerURLs: [url], clientURLs: [], learner: true, healthy: false }
      return { members: [...members, added], wanted: hosts(name, 'empty'), alive }
    }
    case 'start': {
      const { name, peerURL: url } = step.member
      const healthy = alive.has(name)
      const change = { name, clientURLs: [url.replace('2380', '2379')], healthy, inSync: false }
      return { members: set(step.id, change), wanted: hosts(name, 'present', step.id), alive }
    }
    case 'wait until in sync':
      return { members: set(step.id, { inSync: true }), wanted, alive }
    case 'promote':
      if (members.find(({ id }) => id === step.id)?.inSync !== true) throw new Error('the learner is not in sync')
      return { members: set(step.id, { learner: false }), wanted, alive }
    case 'remove':
      return { members: members.filter(member => member.id !== step.id), wanted, alive }
  }
}

const hostNumbers = Array.from({ length: 12 }, (_, index) => index + 1)

/** A cluster of one to seven members, some of them dead, lost or pending, and the hosts that are wanted instead. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    current: fc.subarray(hostNumbers, { minLength: 1, maxLength: 7 }),
    wanted: fc.subarray(hostNumbers, { minLength: 1, maxLength: 7 }),
    dead: fc.subarray(hostNumbers, { maxLength: 6 }),
    wiped: fc.subarray(hostNumbers, { maxLength: 3 }),
    unreachable: fc.subarray(hostNumbers, { maxLength: 2 }),
    pending: fc.option(fc.constantFrom('learner', 'learner in sync', 'never started')),
  })
  .map(({ current, wanted, dead, wiped, unreachable, pending }) => {
    const silent = (host: number) => dead.includes(host) || wiped.includes(host) || unreachable.includes(host)
    const members = current.map((host, index): Member => {
      const isPending = pending !== null && index === current.length - 1 && current.length > 1
      const started = !isPending || pending !== 'never started'
      return {
        id: `id${host}`,
        name: started ? `e${host}` : '',
        peerURLs: [peerURL(host)],
        clientURLs: started ? [peerURL(host).replace('2380', '2379')] : [],
        learner: isPending,
        healthy: started && !silent(host),
        inSync: isPending && pending === 'learner in sync',
      }
    })
    const started = (host: number) => members.some(({ id, clientURLs }) => id === `id${host}` && clientURLs.length > 0)
    return {
      members,
      wanted: wanted.map((host): WantedMember => {
        const base = { name: `e${host}`, peerURL: peerURL(host) }
        if (unreachable.includes(host)) return { ...base, data: 'unreachable' }
        if (wiped.includes(host) || !started(host)) return { ...base, data: 'empty' }
        return { ...base, data: 'present', id: `id${host}` }
      }),
      alive: new Set(hostNumbers.filter(host => !dead.includes(host) && !unreachable.includes(host)).map(n => `e${n}`)),
    }
  })
