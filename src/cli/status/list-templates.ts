/*
 * Templates by which kubectl prints of a list what `evcctl status` uses, a line a field: whole objects of 5,000 nodes are
 * hundreds of MB. Lines are `key=word word …`, each word as in the query of a URL: a message may hold anything. The first
 * line is the kind of what was listed.
 */

/** The most that is taken of a message, characters: kubelets tell of several causes in one. */
const longestMessage = 1000
const rolePrefix = 'node-role.kubernetes.io/'
const end = '{{"\\n"}}'

/** A line for each node and what follows it; read by `nodesIn`. */
export const nodesTemplate = list(
  [
    'name={{urlquery .metadata.name}}',
    end,
    `{{range $label, $value := .metadata.labels}}{{if eq (printf "%.${rolePrefix.length}s" $label) "${rolePrefix}"}}`,
    `role={{urlquery (slice $label ${rolePrefix.length})}}${end}`,
    '{{end}}{{end}}',
    `{{with .spec}}{{if .unschedulable}}cordoned=yes${end}{{end}}{{end}}`,
    '{{with .status}}',
    // Of a condition that is as it should be, nothing is said but that.
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
 * A line for each pod that is not as it should be, and for each other one that has an address of its own, and what follows
 * it; read by `podsIn`.
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

// What is missing prints nothing: kubectl would print `<no value>`.
function field(key: string, path: string): string {
  return `{{with ${path}}}${key}={{urlquery .}}${end}{{end}}`
}

function message(path: string): string {
  return `{{with ${path}}}{{urlquery (printf "%.${longestMessage}s" .)}}{{end}}`
}
