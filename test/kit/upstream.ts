import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { sha256OfFile } from './cache.ts'

/** An address that answers quickly if upstream can be reached. */
const probeAddress = 'https://dl.k8s.io/release/stable.txt'

/** In ms, so that a machine without internet access does not wait long. */
const probeTimeout = 4000

/** The number of attempts to download a file. */
const attempts = 4

/** Whether this machine can reach the upstream sites. */
export async function canReachUpstream(address: string = probeAddress): Promise<boolean> {
  return fetch(address, { signal: AbortSignal.timeout(probeTimeout) }).then(
    async response => {
      await response.body?.cancel()
      return response.ok
    },
    () => false,
  )
}

/**
 * Downloads a file and verifies its checksum (`sha256`, hex). It continues an interrupted download. Throws Error if the
 * checksum differs, or after four failed attempts.
 */
export async function download(address: string, file: string, sha256: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const unfinished = `${file}.part`
  for (let attempt = 1; ; attempt++) {
    try {
      await continueDownload(address, unfinished)
      break
    } catch (error) {
      if (attempt === attempts) throw new Error(`cannot download ${address}: ${String(error)}`, { cause: error })
    }
  }
  const actual = await sha256OfFile(unfinished)
  if (actual !== sha256) {
    await rm(unfinished)
    throw new Error(`${address} is not what was expected\n  expected  sha256 ${sha256}\n  actual    sha256 ${actual}`)
  }
  await rename(unfinished, file)
}

async function continueDownload(address: string, unfinished: string): Promise<void> {
  const have = await stat(unfinished).then(
    found => found.size,
    () => 0,
  )
  const response = await fetch(address, have > 0 ? { headers: { range: `bytes=${have}-` } } : {})
  // 416: the file was already complete, so nothing is left to send.
  if (response.status === 416) return
  if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`)
  const flags = response.status === 206 ? 'a' : 'w'
  await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(unfinished, { flags }))
}
