/*
 * Templates with which kubectl prints only the fields that `evcctl status` uses, one field a line: the whole objects of
 * 5,000 nodes are hundreds of MB. Lines are `key=word word …`. Each word is encoded as in the query of a URL, because a
 * message may contain any character. The first line is the kind of the list.
 */

/** How much of a message is printed, in characters. A kubelet may put several causes into one message. */
const longestMessage = 1000
const rolePrefix = 'node-role.kubernetes.io/'
const end = '{{"\\n"}}'

/** Prints the fields of each node, the name first; `nodesIn` reads them. */
export const nodesTemplate = list(
  [
    'name={{urlquery .metadata.name}}',
    end,
    `{{range $label, $value := .metadata.labels}}{{if eq (printf "%.${rolePrefix.length}s" $label) "${rolePrefix}"}}`,
    `role={{urlquery (slice $label ${rolePrefix.length})}}${end}`,
    '{{end}}{{end}}',
    `{{with .spec}}{{if .unschedulable}}cordoned=yes${end}{{end}}{{end}}`,
    '{{with .status}}',
    // A Ready condition that is True prints no message.
    `{{range .conditions}}{{if and (eq .type "Ready") (eq .status "True")}}ready=yes${end}`,
    `{{else if eq .type "Ready"}}notReady=${message('.message')}${end}`,
    `{{else if eq .status "True"}}pressed={{urlquery .type}} ${message('or .message .reason')}${end}{{end}}{{end}}`,
    `{{range .addresses}}{{if eq .type "InternalIP"}}address={{urlquery .address}}${end}{{end}}{{end}}`,
    `{{with .nodeInfo}}${field('kubelet', '.kubeletVersion')}${field('runtime', '.containerRuntimeVersion')}`,
    `${field('os', '.osImage')}${field('architecture', '.architecture')}{{end}}`,
    '{{end}}',
  ].join(''),
)

/**
 * Prints the fields of each pod that has a problem, and of each other pod that has its own address; `podsIn` reads them.
 */
export const podsTemplate = list(
  [
    '{{$ready := false}}{{$said := ""}}',
    '{{range .status.conditions}}',
    '{{if and (eq .type "Ready") (eq .status "True")}}{{$ready = true}}{{end}}',
    '{{if and (eq .status "False") .message (not $said)}}{{$said = .message}}{{end}}',
    '{{end}}',
    '{{if or .metadata.deletionTimestamp (eq .status.phase "Succeeded")}}',
    '{{else if and $ready (eq .status.phase "Running")}}',
    `{{if and .status.podIP (not .spec.hostNetwork)}}name={{urlquery .metadata.name}}${end}`,
    `${field('node', '.spec.nodeName')}${field('address', '.status.podIP')}{{end}}`,
    `{{else}}name={{urlquery .metadata.name}}${end}`,
    field('node', '.spec.nodeName'),
    field('phase', '.status.phase'),
    `{{with or .status.message $said}}said=${message('.')}${end}{{end}}`,
    '{{range .status.containerStatuses}}container={{urlquery (or .restartCount 0)}} ',
    `{{with .state}}{{with .waiting}}{{with .reason}}{{urlquery .}}{{end}}{{end}}{{end}}${end}`,
    '{{end}}{{end}}',
  ].join(''),
)

function list(item: string): string {
  return `kind={{.kind}}${end}{{range .items}}${item}{{end}}`
}

// A missing field prints nothing. Without the condition kubectl would print `<no value>`.
function field(key: string, path: string): string {
  return `{{with ${path}}}${key}={{urlquery .}}${end}{{end}}`
}

function message(path: string): string {
  return `{{with ${path}}}{{urlquery (printf "%.${longestMessage}s" .)}}{{end}}`
}
