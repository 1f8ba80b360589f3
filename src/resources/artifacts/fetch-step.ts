import type { HttpProxy } from '../../core/http-proxy.ts'
import type { Step } from '../../core/resource.ts'
import { cacheFolder, cachePath, curlConfiguration, downloadScript, withoutCredentials } from './download.ts'

/** The source of a file: a URL that the host downloads, or a file of the controller that is pushed to the host. */
export type FetchSource = { readonly url: string; readonly proxy?: HttpProxy | undefined } | { readonly file: string }

export interface Fetched {
  readonly source: FetchSource
  readonly sha256: string
  /** The source, for messages: a host name, or `local folder`. */
  readonly site: string
  readonly bytes?: number
}

// Longer than any sensible download: the script itself ends a stalled download much sooner.
const longest = 2 * 60 * 60 * 1000

/** Steps that fetch a file to cachePath(sha256), check it, and then run `install`, which finds the file in `$part`. */
export function fetchSteps({ source, sha256, site, bytes }: Fetched, install: string): readonly Step[] {
  const part = cachePath(sha256)
  if ('file' in source) {
    return [
      { run: `umask 077\nmkdir -p ${cacheFolder}\n` },
      { push: source.file, to: part, sha256, mode: 0o600 },
      { run: `part=${part}\n${install}`, timeoutMs: longest },
    ]
  }
  const { url, credentials } = withoutCredentials(source.url)
  const size = bytes === undefined ? {} : { bytes }
  const { proxy } = source
  const configuration = curlConfiguration(credentials, proxy)
  const stdin = configuration === undefined ? {} : { stdin: configuration }
  return [{ run: `${downloadScript({ url, sha256, site, proxy, ...size })}${install}`, timeoutMs: longest, ...stdin }]
}
