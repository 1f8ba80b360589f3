import { endOf } from '../../core/cut.ts'
import type { ErrorDetails } from '../../core/error-details.ts'
import { askingProbeMs, helmLimits } from '../../core/limits.ts'
import type { FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import type { ApiAccess } from './access.ts'
import { type ApiState, notAnswered } from './api-state.ts'
import { againFunction, askScript, kubectl, parseAnswer } from './kubectl.ts'

export interface HelmReleaseParameters {
  readonly api: ApiAccess
  readonly name: string
  readonly namespace: string
  /** Path of helm on the host. */
  readonly helm: string
  /** Path of the chart's archive on the host, and its sha256. */
  readonly chart: { readonly path: string; readonly version: string; readonly sha256: string }
  /** Path of the values file on the host, and the sha256 of its content. */
  readonly values: { readonly path: string; readonly sha256: string }
}

/** One revision of the release, as Helm keeps it in a Secret. */
export interface HelmRevision {
  readonly revision: number
  /** The status in Helm's words: `deployed`, `failed`, `pending-upgrade`, `superseded`, … */
  readonly status: string
  /** Labels that evcctl sets: the first characters of the sha256 of chart and values. */
  readonly chart: string
  readonly values: string
  /** Number of the revision that evcctl created: a revision by somebody else inherits the label, but has another number. */
  readonly made: string
}

export type HelmReleaseState = ApiState<{ readonly newest: HelmRevision | undefined }>

interface Desired {
  readonly chart: string
  readonly values: string
}

/** How many characters of a sha256 fit into a label's value. */
const labelLength = 32

/**
 * A release of a Helm chart whose archive and values lie on the host. Helm stores the hashes of both as labels of the
 * revision, so one question to the API server tells whether the release is as desired. A revision that somebody else made
 * in between is recognised by its number. Runs on a control plane node.
 */
export function helmRelease(parameters: HelmReleaseParameters): Resource<HelmReleaseState, Desired> {
  const { api, name, namespace, chart, values } = parameters
  const label = (key: string) => `{.metadata.labels.evcctl\\.dev/${key}}`
  const row = [
    '{.metadata.labels.version}',
    '{.metadata.labels.status}',
    label('chart'),
    label('values'),
    label('revision'),
  ]
  const list = `get secrets --namespace ${namespace} --selector owner=helm,name=${name} -o jsonpath='{range .items[*]}${row.join('{"\\t"}')}{"\\n"}{end}'`
  const wanted = { chart: chart.sha256.slice(0, labelLength), values: values.sha256.slice(0, labelLength) }
  return {
    kind: 'helm release',
    name,
    probe: { script: askScript(api, list), timeoutMs: askingProbeMs, parse: parseState },
    desired: wanted,
    diff(current, desired) {
      if (current.api === 'unreachable') return notAnswered(current)
      if (current.api === 'absent' || current.newest === undefined)
        return { action: 'create', fields: [{ field: 'chart', after: `${name} ${chart.version}` }] }
      const fields = [...changes(current.newest, desired as Desired)]
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge: () => upgradeSteps(parameters, wanted),
    explain: failure => {
      if (failure.exitCode === busyCode) return busy(name, failure.stdout)
      return {
        problem: `Helm could not install or upgrade the release ${name}.`,
        actual: endOf(failure.stderr.trim() || failure.stdout.trim(), 2000),
        next: `Look at it: kubectl --namespace ${namespace} get pods -o wide; on the first control plane node: KUBECONFIG=${api.adminConf} helm --namespace ${namespace} history ${name}`,
      }
    },
  }
}

function* changes({ revision, status, chart, values, made }: HelmRevision, desired: Desired): Iterable<FieldChange> {
  if (status !== 'deployed') yield { field: 'status', before: status, after: 'deployed' }
  if (chart !== desired.chart) yield { field: 'chart', before: hash(chart), after: hash(desired.chart) }
  if (values !== desired.values) yield { field: 'values', before: hash(values), after: hash(desired.values) }
  else if (made !== String(revision))
    yield { field: 'revision', before: `${revision}, not made by evcctl`, after: 'one made by evcctl' }
}

function hash(text: string): string {
  return text === '' ? 'not of evcctl' : `sha256 ${text.slice(0, 8)}…`
}

/** Ends the step if somebody else seems to be changing the release. */
const busyCode = 75

function busy(name: string, stdout: string): ErrorDetails {
  return {
    problem: `Another Helm is at work on the release ${name}, so evcctl has not touched it.`,
    actual: stdout.trim().split('\n').at(-1) ?? '',
    next: `Apply again when the other Helm has ended. If it was cut off, evcctl treats it as abandoned ${helmLimits.abandonedSeconds / 60} minutes after it began.`,
  }
}

// Helm refuses to go on after a revision that was cut off, and its only remedy is to delete the record of that revision.
// It cannot be a helm of evcctl's own: only one run works at a time, and it ends what an earlier run left on the host.
function upgradeSteps(
  { api, name, namespace, helm, chart, values }: HelmReleaseParameters,
  wanted: Desired,
): readonly Step[] {
  const labels = `evcctl.dev/chart=${wanted.chart},evcctl.dev/values=${wanted.values},evcctl.dev/revision=`
  const row =
    '{{.metadata.labels.version}} {{.metadata.labels.status}} {{or (index .metadata.labels "evcctl.dev/revision") "-"}} {{.metadata.creationTimestamp}}'
  const client = `${kubectl(api, 30)} --namespace ${namespace}`
  const run = `${againFunction}export HOME=/run/evcctl/helm
mkdir -p "$HOME"
trap 'rm -rf "$HOME"' EXIT
records() { ${client} get secrets --selector owner=helm,name=${name} -o go-template=${quote(`{{range .items}}${row}{{"\\n"}}{{end}}`)}; }
newest() {
  found=$(again records)
  read -r revision status made created <<EOF || :
$(printf '%s\\n' "$found" | sort -n | tail -n 1)
EOF
  case $revision in *[!0-9]* | '') revision=0;; esac
}
newest
case $status in pending-*)
  if [ "$made" != "$revision" ]; then
    begun=$(date -u -d "$(printf '%s' "$created" | tr T ' ' | tr -d Z)" +%s) || begun=$(date +%s)
    if [ $(( $(date +%s) - begun )) -lt ${helmLimits.abandonedSeconds} ]; then
      echo "revision $revision is $status, begun $created"
      exit ${busyCode}
    fi
  fi
  again ${client} delete secret "sh.helm.release.v1.${name}.v$revision" --ignore-not-found >/dev/null ;;
esac
tries=0
newest
# Helm notes these on what it begins, with the number that this will have.
until ${helm} upgrade ${name} ${chart.path} --install --kubeconfig ${api.adminConf} --namespace ${namespace} --values ${values.path} --labels ${quote(labels)}"$(( revision + 1 ))" --history-max 5 >/dev/null
do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 5 ]; then exit 1; fi
  sleep 2
  newest
done
`
  return [{ run, timeoutMs: helmLimits.runMs }]
}

function parseState(raw: ProbeResult): HelmReleaseState {
  const answer = parseAnswer(raw)
  if (answer.api !== 'answered') return answer
  const revisions = answer.text
    .split('\n')
    .filter(line => line.includes('\t'))
    .map((line): HelmRevision => {
      const [revision, status = '', chart = '', values = '', made = ''] = line.split('\t')
      return { revision: Number(revision), status, chart, values, made }
    })
    .sort((a, b) => b.revision - a.revision)
  return { api: 'answered', newest: revisions[0] }
}
