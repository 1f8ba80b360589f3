import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

/** Passes on what is sent to a server at so many bytes a second, and what it says at once. */
export async function slowLine(
  port: number,
  bytesPerSecond: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer({ highWaterMark: 16 * 1024 }, near => {
    const far = connect({ port, host: '127.0.0.1' })
    far.pipe(near)
    near.on('data', chunk => {
      far.write(chunk)
      near.pause()
      setTimeout(() => near.resume(), (chunk.length / bytesPerSecond) * 1000)
    })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>(resolve => void server.close(() => resolve())),
  }
}
