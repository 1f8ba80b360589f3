import type { Client } from 'ssh2'

interface Protocol {
  readonly _handlers: { GLOBAL_REQUEST: (protocol: Protocol, name: string, wantsReply: boolean) => void }
  requestFailure(): void
}

/**
 * Makes ssh2 refuse all global requests of a server (RFC 4254, section 4). evcctl needs none of them. ssh2 itself would check
 * the signatures of all host keys that an OpenSSH server announces, and a hostile server could make that take minutes.
 * Must be called right after `connect()`.
 */
export function refuseGlobalRequests(client: Client): void {
  // This is no public API of ssh2, so package.json pins the minor version, and a test has such a server.
  const { _protocol } = client as unknown as { readonly _protocol: Protocol }
  _protocol._handlers.GLOBAL_REQUEST = (protocol, _name, wantsReply) => {
    if (wantsReply) protocol.requestFailure()
  }
}
