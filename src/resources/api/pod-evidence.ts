import { quote } from '../../shell/quote.ts'

const line = (what: string) => `{{$pod}}: ${what}{{"\\n"}}`
// A container that could not even be started left a message of one line; the last output of the others is in their logs.
const end = `{{with $container.lastState.terminated}}{{if eq .reason "StartError"}}: {{.message}}{{else}}, exit code {{.exitCode}}{{end}}{{end}}`
// A container that waits for the init containers before it does not show the cause.
const waits = `{{with .state.waiting}}{{if ne .reason "PodInitializing"}}${line(`{{$container.name}}: {{.reason}}{{with .message}}: {{.}}{{end}}${end}`)}{{end}}{{end}}`
const ended = `{{with .state.terminated}}{{if ne .reason "Completed"}}${line('{{$container.name}}: {{.reason}}, exit code {{.exitCode}}')}{{end}}{{end}}`
const each = (list: string, text: string) => `{{range $container := .status.${list}}}${text}{{end}}`
const template = `{{range .items}}{{$pod := printf "%s on %s" .metadata.name (or .spec.nodeName "no node")}}\
{{range .status.conditions}}{{if and (eq .type "PodScheduled") (eq .status "False")}}${line('{{.message}}')}{{end}}{{end}}\
${each('initContainerStatuses', `${waits}${ended}{{if .state.running}}${line('{{.name}} has not ended')}{{end}}`)}\
${each('containerStatuses', `${waits}${ended}{{if and .state.running (not .ready)}}${line('{{.name}} runs, but is not ready')}{{end}}`)}\
{{end}}`

/**
 * A shell line that prints to stderr why containers of pods do not run, as the kubelets report it.
 *
 * @param client the start of a kubectl command line
 * @param selection which pods, as arguments of `kubectl get pods`
 */
export function podEvidence(client: string, selection: string): string {
  return `${client} get pods ${selection} -o go-template=${quote(template)} 2>/dev/null | cut -c 1-600 | head -n 8 >&2 || :\n`
}
