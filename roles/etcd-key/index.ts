import { certificateRequest, directory, type Output, type Role, type Task } from '../../src/index.ts'

export interface EtcdKeyParameters {
  /** Folder for the key, which only root can read. */
  readonly folder: string
  /** Common name → names of the files, e.g. `server`. */
  readonly requests: readonly {
    readonly name: string
    readonly commonName: string
  }[]
  /** Done when openssl is installed. */
  readonly after: readonly Task[]
}

export interface EtcdKeyOutputs {
  /** A request in PEM, by the name of its file. Throws RangeError for a name that was not asked for. */
  request(name: string): Output<string>
}

/** Private keys of etcd on the host that uses them, and the requests to sign them. Only the requests leave the host. */
export const etcdKey: Role<EtcdKeyParameters, EtcdKeyOutputs> = {
  name: 'etcd-key',
  declare(scope, { folder, requests, after }) {
    const keyFolder = scope.add(directory({ path: folder, mode: 0o700, own: true }))
    const made = new Map(
      requests.map(({ name, commonName }) => {
        const task = scope.add(certificateRequest({ folder, name, commonName }), { after: [keyFolder, ...after] })
        return [name, task.output.map(({ request }) => request)]
      }),
    )
    return {
      request(name) {
        const request = made.get(name)
        if (request === undefined) throw new RangeError(`No request "${name}" is made in ${folder}`)
        return request
      },
    }
  },
}
