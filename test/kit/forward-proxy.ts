import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ForwardProxy extends AsyncDisposable {
  /** `http://<address>:<port>` */
  readonly url: string
  /** The requests so far, in order, e.g. `GET http://files.example/a`, `CONNECT files.example:443`. */
  readonly requests: readonly string[]
}

export interface ForwardProxyOptions {
  /** The address on which it listens: for containers, that of their bridge. Default 127.0.0.1. */
  readonly address?: string
  /** `user:password` that clients must send. */
  readonly login?: string
  /** Where requests for a host really go. Default: to that host. */
  readonly resolve?: (host: string) => { readonly host: string; readonly port: number } | undefined
}

/** An HTTP proxy (RFC 9110, 7.6 and 9.3.6) that forwards every request. Disposing of it closes it. */
export async function startForwardProxy({
  address = '127.0.0.1',
  login,
  resolve,
}: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const requests: string[] = []
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  const isStranger = (request: IncomingMessage) =>
    wanted !== undefined && request.headers['proxy-authorization'] !== wanted
  const place = (host: string, port: number) => resolve?.(host) ?? { host, port }
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (isStranger(request)) return response.writeHead(407, { 'proxy-authenticate': 'Basic realm="kit"' }).end()
    const url = new URL(request.url ?? '')
    const { 'proxy-authorization': _, ...headers } = request.headers
    const passed = httpRequest(
      {
        ...place(url.hostname, Number(url.port || 80)),
        method: request.method,
        path: url.pathname + url.search,
        headers,
      },
      answer => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    passed.on('error', () => response.headersSent || response.writeHead(502).end())
    return passed.end()
  })
  // close() and closeAllConnections() ignore connections that have become tunnels.
  const tunnels = new Set<Duplex>()
  server.on('connect', (request: IncomingMessage, client) => {
    requests.push(`CONNECT ${request.url}`)
    tunnels.add(client)
    client.on('close', () => tunnels.delete(client))
    client.on('error', () => {})
    if (isStranger(request)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="kit"\r\n\r\n')
      return
    }
    const [host = '', port] = (request.url ?? '').split(':')
    const site = connect(place(host, Number(port)), () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      site.pipe(client)
      client.pipe(site)
    })
    site.on('error', () => client.destroy())
    client.on('close', () => site.destroy())
  })
  await new Promise<void>(done => server.listen(0, address, done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${address}:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      for (const tunnel of tunnels) tunnel.destroy()
      await new Promise(done => server.close(done))
    },
  }
}
