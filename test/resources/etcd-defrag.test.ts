import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { defrag } from '../../playbooks/defrag.ts'
import { etcdDefrag, inventoryOf, type TaskId } from '../../src/index.ts'
import { factsOf, specOf, waitsFor } from '../playbooks/given.ts'
import { stateOf } from './state-of.ts'

const access = kubeadm.health.member
const resource = etcdDefrag({ name: 'cp1', access, successor: 'cp3' })
const changeOf = (...lines: string[]) => resource.diff(stateOf(resource, ...lines), {}, { watched: [] })
const sizes = (size: number, inUse: number) => ['state=well', `dbSize=${size}`, `dbSizeInUse=${inUse}`]
const mebi = 1024 * 1024

describe('the database of a member', () => {
  test('is defragmented where much of it is unused', () => {
    expect(changeOf(...sizes(100 * mebi, 20 * mebi))?.fields).toEqual([
      { field: 'database', before: '100.0 MiB', after: 'about 20.0 MiB' },
    ])
  })

  test('is left alone where little can be won', () => {
    expect(changeOf(...sizes(100 * mebi, 90 * mebi))).toBeUndefined()
    expect(changeOf(...sizes(mebi, 0.5 * mebi))).toBeUndefined()
  })

  test('is left alone, and so are all others, while a member does not answer', () => {
    expect(changeOf('state=unwell')?.refused?.problem).toContain('while a member does not answer')
    expect(changeOf('state=absent')?.refused?.next).toContain('evcctl apply')
  })

  test('is not taken for a good one where a host prints something else', () => {
    expect(changeOf('state=\u001b[2J')?.refused).toBeDefined()
    expect(() => changeOf('state=well', 'dbSize=x', 'dbSizeInUse=-1')).toThrow('could not be read')
  })

  test('of a leader is begun when another leads', () => {
    const [step] = resource.converge(stateOf(resource, ...sizes(100 * mebi, 0)), {})
    const run = step !== undefined && 'run' in step ? step.run : ''
    expect(run.indexOf('move-leader')).toBeGreaterThan(run.indexOf('until isWell'))
    expect(run.indexOf(' defrag')).toBeGreaterThan(run.indexOf('move-leader'))
    const [alone] = etcdDefrag({ name: 'cp1', access, successor: undefined }).converge(
      stateOf(resource, ...sizes(100 * mebi, 0)),
      {},
    )
    expect(JSON.stringify(alone)).not.toContain('move-leader')
  })
})

describe('the operation', () => {
  const hosts = ['cp1', 'cp2', 'cp3'].map((name, index) => ({
    name,
    address: `192.0.2.1${index}`,
    roles: ['control-plane'],
  }))
  const known = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))
  const graphOf = (answered = known, spec = specOf({ hosts })) => defrag(inventoryOf(spec, kubeadm, answered))
  const id = (host: string) => `${host}/etcd defragmentation:${host}` as TaskId

  test('works on one member after the other, and on nothing else', () => {
    const graph = graphOf()
    expect([...graph.tasks.keys()]).toEqual(hosts.map(({ name }) => id(name)))
    expect([...waitsFor(graph, id('cp3'))].sort()).toEqual([id('cp1'), id('cp2')])
  })

  test('is refused where a host with a member does not answer', () => {
    expect(() => graphOf(new Map([...known].filter(([host]) => host !== 'cp2')))).toThrow(/^cp2: /)
  })
})
