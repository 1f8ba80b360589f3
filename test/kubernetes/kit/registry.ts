import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { makeCluster } from '../../kit/certificates.ts'
import { machineArch, writeImageArchive, writeLayer } from '../../kit/image-archive.ts'
import { run } from '../../kit/process.ts'

/** A registry with one image of one small file, over HTTPS with a certificate of a CA of its own. */
export interface Registry extends AsyncDisposable {
  /** `<address>:<port>` */
  readonly host: string
  /** PEM of its CA. */
  readonly ca: string
  /** `kit/file:1`, without a registry. */
  readonly image: string
  /** Paths that it has given, in that order. */
  readonly requests: readonly string[]
}

/**
 * What pulls need of the OCI distribution specification. Closed when disposed.
 *
 * @param folder an empty folder for its files
 * @param address where it listens: of a bridge, for containers
 * @param login `user:password` that it wants (Basic, RFC 7617)
 */
export async function startRegistry(folder: string, address: string, login: string): Promise<Registry> {
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`
  const { type, digest } = await makeImage(folder)
  const blobs = join(folder, 'layout', 'blobs', 'sha256')
  const { ca, server } = makeCluster({ address })
  const requests: string[] = []
  const listener = createServer({ cert: server.certificate, key: server.key }, (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'https://registry')
    if (request.headers.authorization !== authorization)
      return response.writeHead(401, { 'www-authenticate': 'Basic realm="kit"' }).end()
    requests.push(pathname)
    const [, kind, name = ''] = /^\/v2\/kit\/file\/(manifests|blobs)\/(.+)$/.exec(pathname) ?? []
    const wanted = name === '1' ? digest : name
    return readFile(join(blobs, wanted.replace('sha256:', ''))).then(
      content => {
        const headers = kind === 'manifests' ? { 'content-type': type, 'docker-content-digest': wanted } : {}
        response.writeHead(200, { 'content-length': content.length, ...headers })
        response.end(request.method === 'HEAD' ? undefined : content)
      },
      () => response.writeHead(pathname === '/v2/' ? 200 : 404).end(),
    )
  })
  await new Promise<void>(resolve => listener.listen(0, address, resolve))
  const { port } = listener.address() as AddressInfo
  return {
    host: `${address}:${port}`,
    ca: ca.certificate,
    image: 'kit/file:1',
    requests,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections()
      await new Promise(resolve => listener.close(resolve))
    },
  }
}

async function makeImage(folder: string): Promise<{ readonly type: string; readonly digest: string }> {
  const [content, layout, archive] = ['content', 'layout', 'image.tar'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  for (const path of [content, layout]) await mkdir(path, { recursive: true })
  await writeFile(join(content, 'file'), 'pulled\n')
  const layer = await writeLayer(content, join(folder, 'layer'))
  const image = { ref: 'registry.example/kit/file:1', layers: [layer], config: { Cmd: ['/file'] } }
  await writeImageArchive([image], machineArch(), archive)
  await run(['tar', '-C', layout, '-xf', archive])
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    manifests: [{ mediaType: string; digest: string }]
  }
  const { mediaType, digest } = index.manifests[0]
  return { type: mediaType, digest }
}
