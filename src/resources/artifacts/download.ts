import { UserError } from '../../core/errors.ts'
import type { HttpProxy } from '../../core/http-proxy.ts'
import { downloadBytes } from '../../core/limits.ts'
import { Secret } from '../../core/secret.ts'
import { quote } from '../../shell/quote.ts'
import { proxyLines, proxyUser } from '../support/index.ts'

/** File that records from which sites a download has just failed. */
const runFolder = '/run/evcctl'

/** Folder of downloads in progress; a download is deleted once it is installed. */
export const cacheFolder = '/var/cache/evcctl'

export interface Download {
  readonly url: string
  readonly sha256: string
  /** Where the download comes from, for messages. */
  readonly site: string
  /** Size, for the progress line; undefined: the size that the server reports. */
  readonly bytes?: number
  /** The proxy; undefined: as the environment of the host says. */
  readonly proxy?: HttpProxy | undefined
}

/** Path of a downloaded or pushed file until it is installed. The file is named by its expected sha256. */
export function cachePath(sha256: string): string {
  return `${cacheFolder}/${sha256}.part`
}

/**
 * A URL without user and password, and these two as a line of curl's configuration, which curl reads on stdin: other
 * users can see argv and scripts.
 */
export function withoutCredentials(text: string): { readonly url: string; readonly credentials: Secret | undefined } {
  const url = new URL(text)
  if (url.username === '' && url.password === '') return { url: text, credentials: undefined }
  const name = decoded(url.username)
  const password = new Secret(decoded(url.password), `password for ${url.host}`)
  // A line break would begin another option of curl.
  if (/[\r\n\0]/.test(name) || password.fits(/[\r\n\0]/))
    throw new UserError({ problem: `The credentials for ${url.host} have a line break.` })
  url.username = ''
  url.password = ''
  const credentials = password.map(plain => curlOption('user', `${name}:${plain}`), `credentials of ${url.host}`)
  return { url: url.href, credentials }
}

// A line of curl's configuration (curl(1), --config).
function curlOption(name: string, value: string): string {
  return `${name} = "${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Everything that curl reads on stdin: the logins for the site and for the proxy. Undefined: nothing. */
export function curlConfiguration(credentials: Secret | undefined, proxy: HttpProxy | undefined): Secret | undefined {
  // libcurl decodes the proxy's user and password as in a URL (CURLOPT_PROXYUSERPWD(3)).
  const user = proxy?.login && proxyUser(proxy.login).map(login => curlOption('proxy-user', login))
  const known = [credentials, user].filter(secret => secret !== undefined)
  return known.length === 0 ? undefined : Secret.all(known, lines => lines.join('\n'), 'credentials for a download')
}

// A percent sign that begins no escape stands for itself.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The size limit of a download: a file of known size may be replaced by somebody's own build, which may be larger. */
export function mostBytes(bytes: number | undefined): number {
  return bytes === undefined ? downloadBytes : Math.max(4 * bytes, smallestBound)
}

const smallestBound = 256 * 1024 * 1024

// The unit of ulimit(1p); bash counts in units of 1024 bytes, which is close enough.
function blocks(bytes: number): number {
  return Math.ceil(bytes / 512)
}

/** Exit codes of a downloadScript that fails. */
export const downloadCodes = { failed: 80, mismatch: 81, noSpace: 82, noCurl: 83, tooLarge: 84 } as const

/**
 * Downloads to cachePath() and checks the sha256 before anything uses the file. A download that was cut off is resumed; if
 * the checksum then does not match, the download starts over, once. The script gives up after four attempts in a row that
 * brought no data, so a mirror that is down or stalls costs about two minutes. For the next minutes, other downloads from
 * that site get one attempt. A line of progress goes to stderr once a second. Reads curlConfiguration() on stdin.
 */
export function downloadScript({ url, sha256, site, bytes, proxy }: Download, most = mostBytes(bytes)): string {
  const part = cachePath(sha256)
  return `umask 077
${proxyLines(proxy, { url })}
mkdir -p ${cacheFolder}
site=${quote(site)}
url=${quote(url)}
want=${sha256}
part=${part}
total=${bytes ?? 0}
down=${quote(`${runFolder}/down-${site}`)}
configuration=$(cat)
size_of() { stat -c %s "$part" 2>/dev/null || echo 0; }
fail() { code=$1; shift; printf '%s\\n' "$@" >&2; exit "$code"; }
no_space() {
  free=$(df -Pk ${cacheFolder} | awk 'NR == 2 { print $4 }')
  rm -f "$part"
  fail ${downloadCodes.noSpace} "no space left in ${cacheFolder} ($free KiB free)"
}
too_large() {
  rm -f "$part"
  fail ${downloadCodes.tooLarge} 'more than ${most} bytes'
}
progress() {
  before=$(size_of)
  while sleep 1 >/dev/null 2>&1; do
    now=$(size_of)
    if [ "$total" -eq 0 ]; then
      total=$(sed -n 's/^[Cc]ontent-[Ll]ength: *\\([0-9]*\\).*/\\1/p' "$part.headers" 2>/dev/null | tail -n 1)
      total=$(( \${total:-0} == 0 ? 0 : total + \${start:-0} ))
    fi
    rate=$(( now > before ? (now - before) / 100000 : 0 ))
    if [ "$total" -gt 0 ]; then of=" of $(( total / 1000000 ))"; else of=; fi
    echo "$(( now / 1000000 ))$of MB from $site, $(( rate / 10 )).$(( rate % 10 )) MB/s" >&2
    before=$now
  done
}
fetch() {
  start=$(size_of)
  progress &
  watcher=$!
  status=0
  printf '%s\\n' "$configuration" | ( ulimit -f ${blocks(most)} 2>/dev/null || :; exec curl -q --config - --globoff --fail --location --silent --show-error --continue-at - \\
    --max-filesize ${most} --connect-timeout 15 --speed-limit 1024 --speed-time 25 --proto =http,https \\
    --dump-header "$part.headers" --write-out '%{http_code} %{http_connect}' --output "$part" "$url" >"$part.code" 2>"$part.error" ) || status=$?
  kill "$watcher" 2>/dev/null || :
  wait "$watcher" 2>/dev/null || :
  read -r http tunnel <"$part.code" || :
  error=$(tail -n 1 "$part.error")
  rm -f "$part.headers" "$part.code" "$part.error"
}
download() {
  idle=0
  most=4
  # What counts is what has never been there before: a mirror that knows no ranges begins from nothing each time.
  largest=$(size_of) restarts=0
  if [ -n "$(find "$down" -mmin -5 2>/dev/null)" ]; then most=1; fi
  while :; do
    fetch
    if [ "$http" = 407 ]; then tunnel=407; fi
    case \${tunnel:-000} in 4??) fail ${downloadCodes.failed} "tunnel $tunnel" "$error";; esac
    case $status in
      0) rm -f "$down"; return 0;;
      63|153) too_large;;
      23)
        if [ "$(size_of)" -ge ${most} ]; then too_large; fi
        no_space;;
      22)
        case $http in
          416) return 0;;
          408|429|5*) ;;
          *) fail ${downloadCodes.failed} "http $http" "$error";;
        esac;;
      33)
        rm -f "$part"
        restarts=$(( restarts + 1 ))
        if [ "$restarts" -ge "$most" ]; then idle=$most; fi;;
      1|2|3|60|77) fail ${downloadCodes.failed} "curl $status" "clock $(date +%s)" "$error";;
    esac
    size=$(size_of)
    if [ "$size" -gt "$largest" ]; then idle=0 largest=$size; else idle=$(( idle + 1 )); fi
    if [ "$idle" -ge "$most" ]; then
      mkdir -p ${runFolder}
      : >"$down"
      fail ${downloadCodes.failed} "curl $status" "http \${http:-000}" "$error"
    fi
    echo "\${error:-interrupted}; trying again" >&2
    sleep $(( 1 << idle ))
  done
}
if ! command -v curl >/dev/null; then fail ${downloadCodes.noCurl} 'curl is not installed'; fi
resumed=$(size_of)
hash() { sha256sum <"$part" | cut -c 1-64; }
came=
if [ "$resumed" -gt 0 ]; then came=$(hash); fi
if [ "$came" != "$want" ]; then
  download
  came=$(hash)
fi
if [ "$came" != "$want" ] && [ "$resumed" -gt 0 ]; then
  rm -f "$part"
  download
  came=$(hash)
fi
if [ "$came" != "$want" ]; then
  size=$(size_of)
  rm -f "$part"
  fail ${downloadCodes.mismatch} "sha256 $came" "bytes $size"
fi
`
}
