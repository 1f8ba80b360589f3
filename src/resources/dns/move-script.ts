import { quote } from '../../shell/quote.ts'
import { type ApiAccess, kubectl, podEvidence } from '../api/index.ts'
import { dnsPodSelector } from './pods.ts'

const pods = (client: string) =>
  `${client} get pods --selector ${quote(dnsPodSelector)} -o go-template=${quote(
    '{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{or .spec.nodeName "-"}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}{{"\\n"}}{{end}}{{end}}',
  )}`

export interface Move {
  /** The node that all pods run on, and the pod that is deleted. */
  readonly only: string
  readonly gone: string
  readonly count: number
  /** Whether that node is not Ready. */
  readonly isLost: boolean
  readonly patienceSeconds: number
}

/**
 * Deletes a pod of CoreDNS. DNS keeps working, because another pod is Ready, or because this one is not. The script ends
 * when the new pod is on another node; it does not wait until that pod is Ready, which may take 10 s more (the period of
 * its readiness probe). It exits 1, with the reason on stderr, when the scheduler put the pod back or nothing happened in time.
 */
export function moveScript(api: ApiAccess, { only, gone, count, isLost, patienceSeconds }: Move): string {
  const client = `${kubectl(api, 10)} --namespace kube-system`
  const here = quote(only)
  return `pods() { ${pods(client)} </dev/null; }
# Of the pods without the one that goes: how many are on this node, how many elsewhere, how many that serve. Whether it serves itself.
look() {
  here=0 elsewhere=0 serving=0 last=no
  while read -r name node ready; do
    if [ "$name" = ${quote(gone)} ]; then
      if [ "$ready" = True ]; then last=yes; fi
      continue
    fi
    if [ "$node" = ${here} ]; then here=$(( here + 1 )); elif [ "$node" != - ]; then elsewhere=$(( elsewhere + 1 )); fi
    if [ "$ready" = True ]; then serving=$(( serving + 1 )); fi
  done
  echo "$here $elsewhere $serving $last"
}
within() { if [ "$(date +%s)" -ge "$1" ]; then return 1; fi; sleep 0.5; }
deadline() { echo $(( $(date +%s) + ${patienceSeconds} )); }
why() {
  echo "$1" >&2
  ${podEvidence(client, `--selector ${quote(dnsPodSelector)}`)}  exit 1
}
${isLost ? '' : waitForAnother}${client} delete pod ${quote(gone)} --ignore-not-found --wait=false
end=$(deadline)
while :; do
  set -- $(pods | look)
  if [ "$2" -gt 0 ]; then exit 0; fi
  if [ "$1" -ge ${count} ]; then why "The scheduler put it on "${here}" again."; fi
  within "$end" || why 'No pod of it has come to another node.'
done
`
}

const waitForAnother = `end=$(deadline)
while :; do
  set -- $(pods | look)
  if [ "$2" -gt 0 ]; then exit 0; fi
  if [ "$3" -gt 0 ] || [ "$4" = no ]; then break; fi
  within "$end" || why 'Only one of its pods is Ready, so that none was moved.'
done
`
