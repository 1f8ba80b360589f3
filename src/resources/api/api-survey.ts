import { beginningOf } from '../../core/cut.ts'
import { askingProbeMs, listBytes } from '../../core/limits.ts'
import type { ProbeResult, Question, Survey } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { parsedOnce } from '../support/index.ts'
import type { ApiAccess } from './access.ts'
import type { ApiState } from './api-state.ts'

/** The object that the API server has under a path; undefined: there is none. */
export type ApiAnswer = ApiState<{ readonly object: unknown }>

/** For probes that read objects or lists of the API, by their paths, e.g. `/api/v1/nodes`. Runs on a control plane node. */
export function askApi(api: ApiAccess, paths: readonly string[]): Question {
  return { survey: apiSurvey(api), subjects: paths }
}

/** How long one answer may take, and all answers together, s. */
const longestAnswer = 5
const longest = 12

// Most of a list of nodes is the images that each node has, and no probe needs them.
const withoutImages = String.raw`s/"images":\[(\{"names":\[[^]]*\],"sizeBytes":[0-9]*\},?)*\]/"images":[]/g`

// A probe of bootstrap tokens needs only their purpose: the tokens themselves stay on the host.
const withoutTokens = 's/"token-secret":"[^"]*"/"token-secret":""/g'

/*
 * Fields of nodes that no probe needs. What is in a string is skipped as a whole, and a field with lists or objects of
 * another shape is left as it is. An API server begins its answer with the kind.
 */
const text = String.raw`"([^"\\]|\\.)*"`
const withoutDetails = String.raw`/^\{"kind":"NodeList",/{
s/"(managedFields|volumesInUse|volumesAttached|addresses|runtimeHandlers)":\[(${text}|[^]["])*\]/"\1":[]/g
s/"(nodeInfo|capacity|allocatable)":\{(${text}|[^{}"])*\}/"\1":{}/g
}`

// curl and not kubectl: as a process it costs a quarter, and one curl asks for several paths over one connection. The
// administrator's certificate and key are in admin.conf. They reach curl through pipes, since a probe writes nothing. A
// proxy in the environment is not used, because the request goes to this host's own cluster.
const apiSurvey = (api: ApiAccess): Survey => ({
  name: 'api',
  timeoutMs: askingProbeMs,
  maxBytes: listBytes,
  script: paths => `if [ ! -s ${api.adminConf} ] || ${api.unfinished}; then echo api=absent; exit 0; fi
field() { sed -n "s/^ *$1: *//p" ${api.adminConf}; }
server=$(field server)
echo api=asked
set --
for path in ${paths.map(quote).join(' ')}; do set -- "$@" "$server$path"; done
field client-certificate-data | base64 -d | {
  field client-key-data | base64 -d |
    { timeout ${longest} curl -q --silent --show-error --fail-early --max-time ${longestAnswer} --user-agent evcctl \\
      --cacert ${api.ca} --cert /dev/fd/3 --key /dev/stdin --write-out '\\n%{http_code} %{url_effective}\\n' "$@" ||
      { [ $? != 124 ] || echo 'no answer within ${longest} s' >&2; }; } |
    sed -E -e '${withoutImages}' -e '${withoutTokens}' -e '${withoutDetails}'
} 3<&0
`,
})

/** The answer for one path. */
export function answerFor(raw: ProbeResult, path: string): ApiAnswer {
  const answers = answersOf(raw)
  if (answers === 'absent') return { api: 'absent' }
  const answer = answers.get(path)
  if (answer?.code === '404') return { api: 'answered', object: undefined }
  if (answer?.code === '200' && isApiObject(answer.object)) return { api: 'answered', object: answer.object }
  if (answer?.code === '200') return { api: 'unreachable', said: 'an answer that is no object of the API' }
  return { api: 'unreachable', said: messageOf(answer?.object) ?? lastLine(raw.stderr) }
}

// Another program may listen on the port of the API server: its answer must not pass for an object.
function isApiObject(object: unknown): boolean {
  if (!isMapping(object)) return false
  const { items, metadata } = object
  if (metadata !== undefined && !isMapping(metadata)) return false
  return items === undefined || (Array.isArray(items) && items.every(isNamed))
}

function isNamed(item: unknown): boolean {
  return isMapping(item) && isMapping(item.metadata) && typeof item.metadata.name === 'string'
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The first answer that failed, or else the object of each path. */
export function answersFor(
  raw: ProbeResult,
  paths: readonly string[],
): ApiState<{ readonly objects: readonly unknown[] }> {
  const objects: unknown[] = []
  for (const path of paths) {
    const answer = answerFor(raw, path)
    if (answer.api !== 'answered') return answer
    objects.push(answer.object)
  }
  return { api: 'answered', objects }
}

/**
 * Path of an object. The resource is guessed from the kind as Kubernetes itself does it
 * (meta.UnsafeGuessKindToResource of k8s.io/apimachinery).
 */
export function apiPath(object: {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}): string {
  const { apiVersion, metadata } = object
  const kind = object.kind.toLowerCase()
  const ending = kind.endsWith('s') ? 'es' : 's'
  const resource = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}${ending}`
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  return `${group}${namespace}/${resource}/${metadata.name}`
}

interface Answer {
  readonly code: string
  readonly object: unknown
}

type Answers = 'absent' | ReadonlyMap<string, Answer>

// Many tasks read the list of nodes, which is long, so it is parsed once. After each body comes a line with status and URL.
const answersOf = parsedOnce(({ stdout }): Answers => {
  if (/^api=absent$/m.test(stdout)) return 'absent'
  const answers = new Map<string, Answer>()
  const asked = 'api=asked\n'
  let from = stdout.startsWith(asked) ? asked.length : 0
  for (const { 0: line, 1: code = '', 2: path = '', index } of stdout.matchAll(/^(\d{3}) https:\/\/[^/\n]+(\/.*)$/gm)) {
    answers.set(path, { code, object: code === '000' ? undefined : parseBody(stdout.slice(from, index)) })
    from = index + line.length
  }
  return answers
})

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { message: beginningOf(text, 300) }
  }
}

function messageOf(object: unknown): string | undefined {
  if (typeof object !== 'object' || object === null || !('message' in object)) return undefined
  return String(object.message)
}

function lastLine(stderr: string): string {
  return (stderr.trim().split('\n').at(-1) ?? '').replace(/^curl: \(\d+\) /, '')
}
