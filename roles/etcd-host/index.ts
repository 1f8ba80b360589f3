import { z } from 'zod'
import { defineRole, directory, type HttpProxy, hostname, hostsEntry, packages, type Task } from '../../src/index.ts'

/** Packages of Debian and Ubuntu for keys and requests. */
export const etcdPackages: readonly string[] = ['openssl']

const parameters = z.strictObject({
  packages: z.strictObject({
    /** False: nothing is installed. */
    manage: z.boolean(),
    updateCache: z.enum(['when needed', 'never']),
    extra: z.array(z.string()),
  }),
  setHostname: z.boolean(),
  /** Through what packages are fetched; undefined: as the host is set up. */
  proxy: z.custom<HttpProxy>().optional(),
  hostname: z.string(),
  /** Address that the name stands for on the host itself. */
  address: z.string(),
})

export type EtcdHostParameters = z.output<typeof parameters>

/** What a host needs that only runs etcd: it is no node, so swap and the kernel's settings stay what they are. */
export const etcdHost = defineRole<EtcdHostParameters, { readonly all: readonly Task[] }>({
  name: 'etcd-host',
  params: parameters,
  declare(scope, params) {
    const all: Task[] = [scope.add(directory({ path: '/var/lib/evcctl', mode: 0o700 }))]
    const { manage, updateCache, extra } = params.packages
    const names = ['ca-certificates', 'curl', ...etcdPackages, ...extra]
    if (manage) all.push(scope.add(packages({ names, updateCache, platform: 'apt', proxy: params.proxy })))
    if (params.setHostname) all.push(scope.add(hostname({ name: params.hostname })))
    all.push(scope.add(hostsEntry({ address: params.address, names: [params.hostname] })))
    return { all }
  },
})
