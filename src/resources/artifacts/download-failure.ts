import type { ErrorDetails } from '../../core/error-details.ts'
import type { StepFailure } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { proxyFor } from '../support/index.ts'
import { downloadCodes as codes, type Download, withoutCredentials } from './download.ts'

/** Explains why a downloadScript failed; undefined for a failure of something else. */
export function explainDownload(failure: StepFailure, download: Omit<Download, 'bytes'>): ErrorDetails | undefined {
  const said = failure.stderr.trim()
  switch (failure.exitCode) {
    case codes.mismatch:
      return mismatch(said, download)
    case codes.noSpace:
      return {
        problem: 'The disk of the host is full.',
        actual: lastLine(said),
        next: 'Free some space there (df -h shows where), then apply again.',
      }
    case codes.tooLarge:
      return {
        problem: `${download.site} sends more data than expected, so the download was deleted.`,
        expected: `at most ${sizeOf(Number(/more than (\d+) bytes/.exec(said)?.[1] ?? 0))}`,
        actual: 'more',
        next: `See what the mirror or proxy serves: curl -fsSLI ${quote(withoutCredentials(download.url).url)}`,
      }
    case codes.noCurl:
      return {
        problem: 'curl is not installed on the host.',
        next: 'Install it, or leave spec.os.packages.manage at true.',
      }
    case codes.failed:
      return failed(said, download)
    default:
      return pushMismatch(said, download)
  }
}

const ownBuild = 'If the file is a build of your own, list its sha256 in the file that spec.artifacts.checksums names.'

// A file from the controller is checked after it was pushed (src/shell/receive.ts).
function pushMismatch(said: string, { url, sha256 }: Omit<Download, 'bytes'>): ErrorDetails | undefined {
  const actual = /expected sha256 [0-9a-f]{64}, came ([0-9a-f]{64})/.exec(said)?.[1]
  if (actual === undefined) return undefined
  return {
    problem: `${url.replace(/^file:/, '')} on this machine has another checksum than expected, so it was not installed.`,
    expected: `sha256 ${sha256}`,
    actual: `sha256 ${actual}`,
    next: ownBuild,
  }
}

function mismatch(said: string, { url, sha256, site }: Omit<Download, 'bytes'>): ErrorDetails {
  const actual = /sha256 ([0-9a-f]{64})/.exec(said)?.[1]
  const bytes = Number(/bytes (\d+)/.exec(said)?.[1] ?? 0)
  return {
    problem: 'The download has another checksum than expected, so it was deleted.',
    expected: `sha256 ${sha256} from ${site}`,
    actual: `sha256 ${actual} (${sizeOf(bytes)}; a proxy on the way may change downloads)`,
    next: `See what the server sends: curl -fsSL ${quote(withoutCredentials(url).url)} | sha256sum\n${ownBuild}`,
  }
}

function failed(said: string, { url, site, proxy }: Omit<Download, 'bytes'>): ErrorDetails {
  const http = /^http (\d+)$/m.exec(said)?.[1]
  const curl = Number(/^curl (\d+)$/m.exec(said)?.[1] ?? 0)
  const { url: shown } = withoutCredentials(url)
  const details = { expected: shown, actual: lastLine(said) }
  const via = proxy === undefined ? undefined : proxyFor(shown, proxy)
  const tunnel = /^tunnel (\d+)$/m.exec(said)?.[1]
  if (tunnel !== undefined) return { ...details, ...refusedByProxy(tunnel, via, site) }
  if (http === '404' || http === '410') {
    return {
      ...details,
      problem: `${site} does not have this file (HTTP ${http}).`,
      next: 'Check the version in cluster.yaml, and the layout of the mirror: <mirror>/<host>/<path>.',
    }
  }
  if (http === '401' || http === '403') {
    return {
      ...details,
      problem: `${site} refuses this file (HTTP ${http}).`,
      next: 'Check the credentials in the URL of the mirror, or whether a proxy on the way blocks it.',
    }
  }
  const clock = curl === 60 ? clockAt(said) : undefined
  if (clock !== undefined) return { ...details, ...clockIsOff(clock, site) }
  if (curl === 5 || curl === 97 || (curl === 7 && via !== undefined))
    return { ...details, problem: `The host cannot connect to ${site} through ${proxyName(via)}.`, next: proxyAdvice }
  return { ...details, problem: reasonOf(curl, site), next: adviceFor(curl, shown) }
}

const proxyAdvice =
  'Check spec.proxy; without it, the environment of the host says which one is used (/etc/environment).'

function proxyName(via: string | undefined): string {
  return via === undefined ? 'its proxy' : `the proxy ${via}`
}

function refusedByProxy(code: string, via: string | undefined, site: string): ErrorDetails {
  if (code === '407') {
    const next = 'Set spec.proxy.username and spec.proxy.password.'
    return { problem: `The host needs another user name and password for ${proxyName(via)} (HTTP 407).`, next }
  }
  const next = 'Let the proxy allow it, or use another source: spec.artifacts.mirror, spec.artifacts.folder'
  return { problem: `${proxyName(via)} refuses the connection to ${site} (HTTP ${code}).`, next }
}

/** How far a host's clock may differ from this machine's before it is named as the cause of an invalid certificate, ms. */
const clockTolerance = 60 * 60_000

// The clock of the host when the download failed, ms; undefined where it is right, or was not reported.
function clockAt(said: string): number | undefined {
  const seconds = /^clock (\d{1,12})$/m.exec(said)?.[1]
  if (seconds === undefined) return undefined
  const clock = Number(seconds) * 1000
  return Math.abs(clock - Date.now()) > clockTolerance ? clock : undefined
}

function clockIsOff(clock: number, site: string): ErrorDetails {
  return {
    problem: `The clock of the host is wrong, so that the TLS certificate of ${site} is not valid there.`,
    expected: `about ${new Date().toUTCString()}, by the clock of this machine`,
    actual: new Date(clock).toUTCString(),
    next: 'Synchronise the clock of the host: timedatectl set-ntp true, or install chrony. A board without a clock of its own has to reach a time server. Then apply again.',
  }
}

// Exit codes of curl(1).
function reasonOf(curl: number, site: string): string {
  if (curl === 6) return `The host cannot resolve the name ${site}.`
  if (curl === 7) return `The host cannot connect to ${site}.`
  if ([18, 52, 55, 56].includes(curl)) return `${site} breaks off in the middle of the file.`
  if (curl === 28) return `${site} is too slow or has stalled.`
  if (curl === 35 || curl === 60 || curl === 77) return `The host does not trust the TLS certificate of ${site}.`
  return `The download from ${site} failed.`
}

function adviceFor(curl: number, url: string): string {
  if (curl === 60 || curl === 77) return 'Install ca-certificates and the CA of the mirror or proxy on the host.'
  return `Try it on the host: curl -fL -o /dev/null ${quote(url)}\nOr use another source: spec.artifacts.mirror, spec.artifacts.folder`
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1)
}

/** Bytes for people to read, e.g. `46 MB`. */
export function sizeOf(bytes: number): string {
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`
  return bytes >= 1e3 ? `${Math.round(bytes / 1e3)} kB` : `${bytes} bytes`
}
