import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize, sep } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * A fault for a path: `truncate` closes the connection after half of the bytes, `corrupt` changes the first byte and keeps
 * the length, `stall` sends half and then nothing until the server is disposed of, a number is a status.
 */
export type Fault = 'truncate' | 'corrupt' | 'stall' | number

export interface ServedRequest {
  readonly method: string
  /** The decoded path with a leading slash, without the query. */
  readonly path: string
  readonly range: string | undefined
  readonly status: number
}

export interface FolderServer extends AsyncDisposable {
  /** `http://127.0.0.1:40123`, no slash at the end. */
  readonly url: string
  readonly port: number
  /** All requests so far, in order. */
  readonly requests: readonly ServedRequest[]
  /** Faults by path, with a leading slash. The map may change at any time; changes affect later requests. */
  readonly faults: Map<string, Fault>
}

export interface ServeOptions {
  readonly folder: string
  /** Address to listen on; 127.0.0.1 by default. For containers, the address of their bridge. */
  readonly host?: string
  /** Default: a free port. */
  readonly port?: number
  readonly faults?: Readonly<Record<string, Fault>>
}

interface Range {
  readonly start: number
  /** Last byte, inclusive. */
  readonly end: number
}

/** Serves the files of a folder, as a plain mirror does: GET and HEAD, lengths, single ranges. No listings. */
export async function serveFolder(options: ServeOptions): Promise<FolderServer> {
  const { folder, host = '127.0.0.1', port = 0 } = options
  const requests: ServedRequest[] = []
  const faults = new Map(Object.entries(options.faults ?? {}))
  const server = createServer((request, response) => {
    const path = pathOf(request)
    response.on('close', () => {
      requests[place] = { ...requests[place]!, status: response.statusCode }
    })
    const place = requests.push({ method: request.method!, path, range: request.headers.range, status: 0 }) - 1
    answer(join(folder, path), request, response, faults.get(path)).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    requests,
    faults,
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  file: string,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (typeof fault === 'number') return end(response, fault)
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405)
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) return end(response, 404)
  const { size } = found
  const range = readRange(request.headers.range, size)
  response.setHeader('accept-ranges', 'bytes')
  response.setHeader('content-type', 'application/octet-stream')
  response.setHeader('last-modified', found.mtime.toUTCString())
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`)
    return end(response, 416)
  }
  const { start, end: last } = range ?? { start: 0, end: size - 1 }
  const length = last - start + 1
  if (range !== undefined) response.setHeader('content-range', `bytes ${start}-${last}/${size}`)
  response.setHeader('content-length', length)
  response.statusCode = range === undefined ? 200 : 206
  if (request.method === 'HEAD' || length === 0) {
    response.end()
    return
  }
  if (fault === 'truncate' || fault === 'stall') {
    const half = Math.floor(length / 2)
    response.flushHeaders()
    if (half > 0) await pipeline(createReadStream(file, { start, end: start + half - 1 }), response, { end: false })
    // The connection is closed after the half is sent, because destroying drops what is still buffered.
    if (fault === 'truncate') response.write('', () => setImmediate(() => response.destroy()))
    return
  }
  const bytes = createReadStream(file, { start, end: last })
  await (fault === 'corrupt' ? pipeline(bytes, corrupting(), response) : pipeline(bytes, response))
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status
  response.setHeader('content-length', 0)
  response.end()
}

/** The path of a request. It cannot leave the folder: in an absolute path, normalising removes every leading `..`. */
function pathOf(request: IncomingMessage): string {
  const [path = '/'] = (request.url ?? '/').split('?')
  try {
    return normalize(`/${decodeURIComponent(path)}`)
      .split(sep)
      .join('/')
  } catch {
    return '/'
  }
}

/**
 * Reads one range of RFC 9110, section 14. Several ranges, or another unit, count as none: the answer is the whole file.
 */
function readRange(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const [, first, last] = match
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size - 1 }
  }
  const start = Number(first)
  const stop = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start >= size || stop < start ? 'unsatisfiable' : { start, end: stop }
}

function corrupting(): Transform {
  let isFirst = true
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!isFirst) return done(null, chunk)
      isFirst = false
      const changed = Buffer.from(chunk)
      changed[0] = changed[0]! ^ 0xff
      done(null, changed)
    },
  })
}
