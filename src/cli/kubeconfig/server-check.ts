import { connect } from 'node:tls'
import { Deadline } from '../../core/deadline.ts'

/** Long enough for a slow link, short enough not to be waited for, ms. */
const patienceMs = 3_000

/**
 * Whether an API server answers at a URL with a certificate of the cluster's own authority that is valid for that name.
 * Undefined when it does, else what is wrong, for people.
 */
export function whyNotReachable(server: string, certificateAuthorityData: string): Promise<string | undefined> {
  const { hostname, port } = new URL(server)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return new Promise(resolve => {
    const ca = Buffer.from(certificateAuthorityData, 'base64')
    const socket = connect({ host, port: Number(port || 443), ca })
    const patience = new Deadline(patienceMs, () => end(`no answer within ${patienceMs / 1000} s`))
    const end = (why: string | undefined) => {
      patience.hold()
      socket.destroy()
      resolve(why)
    }
    socket.on('secureConnect', () => end(undefined))
    socket.on('error', error => end(error.message))
  })
}
