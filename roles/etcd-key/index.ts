import { z } from 'zod'
import { certificateRequest, defineRole, directory, type Output, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** Folder for the key, for root only. */
  folder: z.string(),
  /** Common name → names of the files, e.g. `server`. */
  requests: z.array(z.strictObject({ name: z.string(), commonName: z.string() })).min(1),
  /** What has to be done first: openssl. */
  after: z.array(z.custom<Task>()),
})

export type EtcdKeyParameters = z.output<typeof parameters>

/** Requests in PEM, by the name of the file. */
export type EtcdKeyOutputs = ReadonlyMap<string, Output<string>>

/** Private keys of etcd on the host that uses them, and the requests to sign them: these are all that leaves the host. */
export const etcdKey = defineRole<EtcdKeyParameters, EtcdKeyOutputs>({
  name: 'etcd-key',
  params: parameters,
  declare(scope, { folder, requests, after }) {
    const made = scope.add(directory({ path: folder, mode: 0o700 }))
    return new Map(
      requests.map(({ name, commonName }) => {
        const task = scope.add(certificateRequest({ folder, name, commonName }), { after: [made, ...after] })
        return [name, task.output.map(({ request }) => request)]
      }),
    )
  },
})
