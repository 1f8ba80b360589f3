import { connect } from 'node:tls'
import { Deadline } from '../../core/deadline.ts'

/** How long to wait for an answer, ms: enough for a slow link, and short for a person who waits. */
const patienceMs = 3_000

/**
 * Checks whether an API server answers at a URL with a certificate that the cluster's CA signed for that host name.
 * Returns undefined if it does, else the reason, in words for people.
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
