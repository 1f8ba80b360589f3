import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Reach } from '../../src/releases/index.ts'

export interface Site extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly host: string
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[]
}

/** A release site in this process: a text or bytes for each path, or what answers a request. Other paths are not there. */
export async function startSite(files: Readonly<Record<string, string | Buffer | RequestListener>>): Promise<Site> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const file = files[path]
    if (file === undefined) response.writeHead(404).end('<html>Not Found</html>')
    else if (typeof file === 'function') file(request, response)
    else response.end(file)
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
}

/** Without a proxy, and with little patience. */
export const quickly: Reach = {
  proxyFor: () => undefined,
  bounds: { silenceMs: 300, totalMs: 1_500, attempts: 2, pauseMs: 10 },
}
