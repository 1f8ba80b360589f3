import type { Client } from 'ssh2'

type Data = (protocol: Protocol, recipient: number, data: Buffer, type?: number) => void

interface Protocol {
  readonly _handlers: {
    GLOBAL_REQUEST: (protocol: Protocol, name: string, wantsReply: boolean) => void
    CHANNEL_DATA: Data
    CHANNEL_EXTENDED_DATA: Data
  }
  requestFailure(): void
}

interface Inside {
  readonly _protocol: Protocol
  readonly _chanMgr: {
    get(channel: number): { readonly incoming?: { readonly window: number } } | null | undefined | -1
  }
}

/**
 * Holds a server to the protocol where ssh2 does not. Must be called right after `connect()`.
 * - All global requests are refused (RFC 4254, section 4): evcctl needs none of them. ssh2 itself would check the signatures of
 *   all host keys that an OpenSSH server announces, and a hostile server could make that take minutes.
 * - A server that sends more on a channel than its window allows (section 5.2) loses its connection. ssh2 would keep all of it
 *   in memory as long as nobody reads the channel.
 */
export function guardProtocol(client: Client): void {
  // This is no public API of ssh2, so package.json pins the minor version, and tests have such servers.
  const { _protocol, _chanMgr } = client as unknown as Inside
  const handlers = _protocol._handlers
  handlers.GLOBAL_REQUEST = (protocol, _name, wantsReply) => {
    if (wantsReply) protocol.requestFailure()
  }
  const withinWindow =
    (take: Data): Data =>
    (protocol, recipient, data, type) => {
      const channel = _chanMgr.get(recipient)
      if (typeof channel === 'object' && channel?.incoming !== undefined && data.length > channel.incoming.window)
        throw new Error('it sends more than it was told to')
      take(protocol, recipient, data, type)
    }
  handlers.CHANNEL_DATA = withinWindow(handlers.CHANNEL_DATA)
  handlers.CHANNEL_EXTENDED_DATA = withinWindow(handlers.CHANNEL_EXTENDED_DATA)
}
