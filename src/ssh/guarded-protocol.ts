import type { Client } from 'ssh2'
import { type OpenChannel, takeData } from './channel-window.ts'

interface Protocol {
  readonly _handlers: {
    GLOBAL_REQUEST: (protocol: Protocol, name: string, wantsReply: boolean) => void
    CHANNEL_DATA: (protocol: Protocol, recipient: number, data: Buffer) => void
    CHANNEL_EXTENDED_DATA: (protocol: Protocol, recipient: number, data: Buffer, type: number) => void
  }
  requestFailure(): void
  channelWindowAdjust(channel: number, bytes: number): void
}

interface Inside {
  readonly _protocol: Protocol
  // A function stands for a channel that is not open yet, -1 for one that never was.
  readonly _chanMgr: { get(channel: number): OpenChannel | (() => void) | null | undefined | -1 }
}

/** The only type of extended data that there is (RFC 4254, section 5.2). */
const stderrData = 1

/**
 * Holds a server to the protocol where ssh2 does not. Must be called right after `connect()`.
 * - All global requests are refused (RFC 4254, section 4): evcctl needs none of them. ssh2 itself would check the signatures of
 *   all host keys that an OpenSSH server announces, and a hostile server could make that take minutes.
 * - A server that sends more on a channel than its window allows (section 5.2) loses its connection. The window opens again
 *   only for what was read: see takeData().
 * - A jump host that sends extended data on a TCP connection which it forwards loses its own: such a connection has one stream.
 */
export function guardProtocol(client: Client): void {
  // This is no public API of ssh2, so package.json pins the minor version, and tests have such servers.
  const { _protocol, _chanMgr } = client as unknown as Inside
  const handlers = _protocol._handlers
  const open = (recipient: number): OpenChannel | undefined => {
    const channel = _chanMgr.get(recipient)
    return typeof channel === 'object' && channel !== null ? channel : undefined
  }
  const allow = (channel: number, bytes: number) => _protocol.channelWindowAdjust(channel, bytes)
  handlers.GLOBAL_REQUEST = (protocol, _name, wantsReply) => {
    if (wantsReply) protocol.requestFailure()
  }
  handlers.CHANNEL_DATA = (_, recipient, data) => {
    const channel = open(recipient)
    if (channel !== undefined) takeData(channel, channel, data, allow)
  }
  handlers.CHANNEL_EXTENDED_DATA = (_, recipient, data, type) => {
    const channel = open(recipient)
    if (channel === undefined) return
    if (channel.type === 'direct-tcpip')
      throw new Error('it sends data beside a TCP connection, which has no second stream')
    takeData(channel, type === stderrData ? channel.stderr : undefined, data, allow)
  }
}
