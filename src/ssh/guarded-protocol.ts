import type { Client } from 'ssh2'

interface Protocol {
  readonly _handlers: { GLOBAL_REQUEST: (protocol: Protocol, name: string, wantsReply: boolean) => void }
  requestFailure(): void
}

/**
 * Has ssh2 refuse what a server asks of a whole connection (RFC 4254, section 4). evcctl grants none of it, and ssh2 would
 * check the signatures of all host keys that an OpenSSH server announces, which a hostile one can make take minutes. Called
 * right after `connect()`.
 */
export function refuseGlobalRequests(client: Client): void {
  // Not a public part of ssh2: package.json pins the minor version, and a test has such a server.
  const { _protocol } = client as unknown as { readonly _protocol: Protocol }
  _protocol._handlers.GLOBAL_REQUEST = (protocol, _name, wantsReply) => {
    if (wantsReply) protocol.requestFailure()
  }
}
