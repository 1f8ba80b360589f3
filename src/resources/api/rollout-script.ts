import { rolloutLimits } from '../../core/limits.ts'
import { quote } from '../../shell/quote.ts'
import type { ApiAccess } from './access.ts'
import { againFunction, kubectl } from './kubectl.ts'
import { podEvidence } from './pod-evidence.ts'

/** The annotation of a DaemonSet with the generation whose rollout evcctl saw complete. */
export const rolledOutAnnotation = 'evcctl.dev/rolled-out'

/** How long such a script may take, ms; it ends before that, with a reason. */
export const rolloutMs = (rolloutLimits.totalSeconds + 300) * 1000

const figures = quote(
  '{{.metadata.generation}} {{or .status.observedGeneration 0}} {{or .status.desiredNumberScheduled 0}} {{or .status.updatedNumberScheduled 0}} {{or .status.numberAvailable 0}} {{.metadata.uid}}{{"\\n"}}',
)
const labels = quote('{{range $key, $value := .spec.selector.matchLabels}}{{$key}}={{$value}},{{end}}')

const ready = (part: string) => `{{range .status.conditions}}{{if eq .type "Ready"}}${part}{{end}}{{end}}`
const hash = '{{with .metadata.labels}}{{or (index . "controller-revision-hash") "-"}}{{end}}'
const nodes = quote(
  `{{range .items}}node {{.metadata.name}} ${ready('{{.status}} {{.lastTransitionTime}}')}{{"\\n"}}{{end}}`,
)
const pods = quote(
  `{{range .items}}pod {{.metadata.name}} {{or .spec.nodeName "-"}} ${hash} {{if .metadata.deletionTimestamp}}leaves{{else}}stays{{end}} {{.metadata.creationTimestamp}} ${ready('{{.status}}')}{{"\\n"}}{{end}}`,
)
const revisions = quote(
  `{{range .items}}{{$revision := .}}{{range .metadata.ownerReferences}}revision {{.uid}} {{$revision.revision}} {{with $revision}}${hash}{{end}}{{"\\n"}}{{end}}{{end}}`,
)

// A node that stops reporting this soon after its new pod started may have failed because of that pod: the rollout stops.
const isSuspect = `since >= 0 && since < ${rolloutLimits.suspectSeconds}`

// A line that cannot be parsed, or half a list, decides nothing. Every month counts as 31 days, so no span gets shorter.
const judge = quote(`function sound(name) { return length(name) < 254 && name ~ /^[a-z0-9][a-z0-9.-]*$/ }
function moment(text,  part) {
  split(text, part, /[^0-9]/)
  return ((((part[1] * 12 + part[2]) * 31 + part[3]) * 24 + part[4]) * 60 + part[5]) * 60 + part[6]
}
$1 == "node" && sound($2) {
  if ($3 == "True") { up[$2] = 1; next }
  off[$2] = moment($4)
  lost++
  names = names " " $2
  next
}
$1 == "pod" && sound($2) && ($3 == "-" || sound($3)) && sound($4) { pods[++count] = $0; next }
$1 == "revision" && sound($4) {
  if ($2 == uid && $3 + 0 > highest) { highest = $3 + 0; newest = $4 }
  next
}
$1 == "all" { all = 1; next }
{ unsound = 1 }
END {
  for (i = 1; i <= count; i++) {
    split(pods[i], pod, " ")
    since = off[pod[3]] - moment(pod[6])
    if (pod[3] in up) {
      present++
      if (pod[5] == "leaves") waits = 1
      else if (pod[4] != newest) former = pod[2]
      else if (pod[7] == "True") good++
      else waits = 1
    }
    else if (pod[3] == "-") waits = 1
    else if (pod[4] == newest && pod[5] == "stays" && pod[7] != "True" && ${isSuspect}) suspects = suspects " " pod[3]
  }
  complete = present + lost >= desired && !waits
  if (!all || unsound || newest == "") print "wait"
  else if (complete && good + 0 == present + 0) print "ended"
  else if (complete && lost && suspects == "") print "replace " former
  else print "wait"
  print names
  print suspects
}`)

/**
 * A script that waits until every node runs the current pod of a DaemonSet, and records that on the DaemonSet. It gives up
 * when there is no progress for 5 minutes, and prints why.
 *
 * Kubernetes counts pods on nodes that are off as unavailable, so one such node blocks the rollout on all others for as
 * long as it is off (rollingUpdate in pkg/controller/daemon/update.go). In that case the script itself replaces the pods on
 * the other nodes, one after the other, as long as all new pods run; nodes that are off get theirs when they are back.
 *
 * @param name of the DaemonSet
 */
export function rolloutScript(api: ApiAccess, namespace: string, name: string): string {
  const client = `${kubectl(api, 10)} --namespace ${namespace}`
  const { stillSeconds, patienceSeconds, totalSeconds } = rolloutLimits
  return `${againFunction}client() { timeout 30 ${client} "$@" </dev/null; }
note() { client annotate daemonset ${name} --overwrite --field-manager=evcctl "${rolledOutAnnotation}=$1" >/dev/null; }
figures() { client get daemonset ${name} -o go-template=${figures} 2>&1 | tail -n 1 | cut -c 1-600; }
lists() {
  client get nodes -o go-template=${nodes} &&
    client get pods --selector "$selector" -o go-template=${pods} &&
    client get controllerrevisions --selector "$selector" -o go-template=${revisions} &&
    echo all
}
# What is to be done, which nodes are off, and which of those went off with what is new: a line each.
look() { lists 2>/dev/null | head -n 100000 | awk -v uid="$1" -v desired="$2" ${judge}; }
seen= shape= updated=-1 available=-1 verdict= off= suspects= selector=
since=$(date +%s) moved=$since looked=0 pause=0 begun=$since
while :; do
  answer=$(figures) now=$(date +%s)
  if printf '%s\\n' "$answer" | grep -Eqx '([0-9]{1,15} ){5}[0-9a-f-]{1,64}'; then
    set -- $answer
    echo "$4 of $3 nodes have what is new"
    if [ "$2" -ge "$1" ] && [ "$4" -ge "$3" ] && [ "$5" -ge "$3" ]; then again note "$1"; exit 0; fi
    if [ "$answer" != "$seen" ]; then seen=$answer moved=$now verdict=; fi
    if [ "$1 $2 $3" != "$shape" ]; then shape="$1 $2 $3" updated=-1 available=-1; fi
    # A pod that crashes again and again comes and goes: that is no progress.
    if [ "$4" -gt "$updated" ]; then updated=$4 since=$now; fi
    if [ "$5" -gt "$available" ]; then available=$5 since=$now; fi
    if [ -z "$selector" ]; then selector=$(client get daemonset ${name} -o go-template=${labels} 2>/dev/null) || selector=; fi
    selector=\${selector%,}
    if [ "$2" -ge "$1" ] && [ -n "$selector" ] && [ $(( now - moved )) -ge ${stillSeconds} ] && [ $(( now - looked )) -ge "$pause" ]; then
      before=$verdict found=$(look "$6" "$3" || :)
      # In a large cluster the lists are long: they are not to take more than a fifth of the time.
      looked=$(date +%s)
      pause=$(( 5 + 4 * (looked - now) ))
      verdict=$(printf '%s\\n' "$found" | sed -n 1p)
      off=$(printf '%s\\n' "$found" | sed -n 2p) suspects=$(printf '%s\\n' "$found" | sed -n 3p)
      # It has to be the same twice, since what crashes may run at the moment.
      if [ "$verdict" = "$before" ]; then
        case $verdict in
          ended)
            if [ -n "$off" ]; then echo "ended but for nodes that are off:$off" | cut -c 1-600; fi
            again note "$1"
            exit 0 ;;
          'replace '*)
            client delete pod "\${verdict#replace }" --ignore-not-found --wait=false >/dev/null || :
            moved=$now verdict= ;;
        esac
      fi
    fi
  else
    verdict=
  fi
  if [ $(( now - since )) -ge ${patienceSeconds} ] || [ $(( now - begun )) -ge ${totalSeconds} ]; then break; fi
  sleep 2
done
if [ -n "$seen" ] && [ "$answer" = "$seen" ]; then
  echo "$4 of $3 nodes have what is new; on $5 of them a pod works, new or not." >&2
else
  printf '%s\\n' "\${answer:-The API server does not answer.}" >&2
fi
if [ -n "$off" ]; then echo "Nodes that are off:$off" | cut -c 1-600 >&2; fi
if [ -n "$suspects" ]; then echo "Soon after it had got what is new, this stopped, so evcctl gave it to no other:$suspects" | cut -c 1-600 >&2; fi
if [ -n "$selector" ]; then
  ${podEvidence(client, '--selector "$selector"')}fi
exit 1
`
}
