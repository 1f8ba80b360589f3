import { describe, expect, it } from 'vitest'
import { cluster, controlPlane, errorsOf, parse, worker } from './cluster-file.ts'

const withFolder = (folder: string) =>
  cluster(`kubernetes: { clusterConfiguration: { etcd: { local: { dataDir: ${JSON.stringify(folder)} } } } }`, [
    controlPlane,
    worker,
  ])

describe('the data directory of the stacked etcd in cluster.yaml', () => {
  it.each(['/var/lib/etcd', '/data', '/data/etcd/', '/mnt/disk 1/etcd', '/var/lib/etcd.d'])('may be %s', folder => {
    expect(parse(withFolder(folder)).kubernetes.clusterConfiguration).toMatchObject({
      etcd: { local: { dataDir: folder } },
    })
  })

  it.each([
    ['data', 'not absolute'],
    ['', 'not absolute'],
    ['/', 'all of the disk'],
    ['//', 'empty part'],
    ['/home/../', 'parts that are . or ..'],
    ['/data/./etcd', 'parts that are . or ..'],
    ['/var/lib', 'whole system'],
    ['/home/', 'whole system'],
    ['/etc/kubernetes/etcd', '/etc/kubernetes'],
    ['/var/lib/kubelet', '/var/lib/kubelet'],
    ['/run/etcd', '/run'],
    ['/usr', '/usr'],
  ])('is refused: %s', (folder, why) => {
    const errors = errorsOf(withFolder(folder))
    expect(errors.map(({ where }) => where?.split('  ')[1])).toEqual([
      'spec.kubernetes.clusterConfiguration.etcd.local.dataDir',
    ])
    expect(errors[0]?.problem).toContain(why)
    expect(errors[0]?.expected).toContain('/var/lib/etcd')
  })
})
