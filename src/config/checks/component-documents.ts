import {
  type ComponentType,
  documentType,
  existsIn,
  fieldsOfType,
  isKnownMinor,
  newestKnownMinor,
  type Scalar,
} from '../component-schema.ts'
import { describeValue, mostExplained } from '../explain.ts'
import { formatPath, isMapping, type Path } from '../finding.ts'
import { nearest } from '../nearest.ts'
import type { Note, Report } from './check.ts'

/** The documents of spec.kubernetes by their keys. */
export const componentDocuments = {
  clusterConfiguration: { kind: 'ClusterConfiguration', program: 'kubeadm' },
  initConfiguration: { kind: 'InitConfiguration', program: 'kubeadm' },
  joinConfiguration: { kind: 'JoinConfiguration', program: 'kubeadm' },
  kubeletConfiguration: { kind: 'KubeletConfiguration', program: 'The kubelet' },
  kubeProxyConfiguration: { kind: 'KubeProxyConfiguration', program: 'kube-proxy' },
} as const

export type ComponentDocument = keyof typeof componentDocuments

/**
 * Hints for keys of older versions of the documents. Sources: kubeadm.k8s.io/v1beta4, "Migration from v1beta3"
 * (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/), and the kubelet's changelog.
 */
const moved: Readonly<Record<string, string>> = {
  'APIServer.timeoutForControlPlane':
    'Since kubeadm.k8s.io/v1beta4 it is timeouts.controlPlaneComponentHealthCheck of initConfiguration and joinConfiguration.',
  'Discovery.timeout': 'Since kubeadm.k8s.io/v1beta4 it is timeouts.discovery of joinConfiguration.',
  'ClusterConfiguration.useHyperKubeImage': 'kubeadm has no hyperkube images any more.',
  'DNS.type': 'CoreDNS is the only one since kubeadm.k8s.io/v1beta3.',
}

const expectations: Readonly<Record<Scalar, string>> = {
  string: 'a text',
  bool: 'true or false',
  int: 'a whole number',
  number: 'a number',
  duration: 'a duration, e.g. 4m0s',
  durationOrNumber: 'a duration, e.g. 5s',
  quantity: 'a quantity, e.g. 100Mi',
  any: 'any value',
}

// As time.ParseDuration of Go and resource.ParseQuantity of k8s.io/apimachinery accept them.
const duration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/
const quantity = /^[-+]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?\d+)?$/

const accepts: Readonly<Record<Scalar, (value: unknown) => boolean>> = {
  string: value => typeof value === 'string',
  bool: value => typeof value === 'boolean',
  int: value => Number.isInteger(value),
  number: value => typeof value === 'number',
  duration: value => typeof value === 'string' && duration.test(value),
  durationOrNumber: value => Number.isInteger(value) || (typeof value === 'string' && duration.test(value)),
  quantity: value => (typeof value === 'number' ? Number.isFinite(value) : quantity.test(String(value))),
  any: () => true,
}

interface Place {
  readonly document: ComponentDocument
  /** `1.36` */
  readonly minor: string
  readonly report: Report
  readonly note: Note
  /** The number of unknown keys so far. */
  unknown: number
}

/**
 * Reports each key, at any depth, that the document does not have in this minor version of Kubernetes, and each value of a
 * wrong type. The programs decode strictly, so they would fail on the hosts in the middle of an apply. A minor version that
 * is newer than all schemas is checked against the newest: its keys may be new there, so those are told in notes. If `minor`
 * is empty because the version is wrong, only the types of known keys are checked.
 */
export function checkComponentDocument(
  document: ComponentDocument,
  value: Readonly<Record<string, unknown>>,
  minor: string,
  report: Report,
  note: Note,
): void {
  const type = { is: 'object', name: documentType(componentDocuments[document].kind) } as const
  checkValue(value, type, ['spec', 'kubernetes', document], {
    document,
    minor,
    report,
    note,
    unknown: 0,
  })
}

function checkValue(value: unknown, type: ComponentType, path: Path, place: Place): void {
  // An empty value is allowed: it removes a key that evcctl would set.
  if (value === null || value === undefined) return
  switch (type.is) {
    case 'scalar':
      if (!accepts[type.name](value)) wrongType(value, type.name, path, place)
      return
    case 'list':
      if (!Array.isArray(value)) notAList(value, type.of, path, place)
      else for (const [index, item] of value.entries()) checkValue(item, type.of, [...path, index], place)
      return
    default:
      if (!isMapping(value)) reportType(value, 'a mapping', path, place)
      else if (type.is === 'object') checkObject(value, type.name, path, place)
      else for (const [key, item] of Object.entries(value)) checkValue(item, type.of, [...path, key], place)
  }
}

function checkObject(value: Readonly<Record<string, unknown>>, name: string, path: Path, place: Place): void {
  const fields = fieldsOfType(name)
  for (const [key, item] of Object.entries(value)) {
    const field = fields.get(key)
    if (field !== undefined && existsIn(field, place.minor)) checkValue(item, field.type, [...path, key], place)
    else if (isKnownMinor(place.minor)) unknownKey(key, name, [...path, key], place)
    else if (place.minor !== '') noteKey([...path, key], place)
  }
}

// The first ones are enough to make somebody look.
function noteKey(path: Path, place: Place): void {
  place.unknown += 1
  if (place.unknown > mostExplained) return
  const { program } = componentDocuments[place.document]
  place.note(
    `${formatPath(path)}: ${program} ${newestKnownMinor()} has no such key, and whether ${place.minor} has it is not known. If not, it will not start.`,
  )
}

function unknownKey(key: string, name: string, path: Path, place: Place): void {
  const { document, minor, report } = place
  const fields = fieldsOfType(name)
  const short = name.replace(/^.*\./, '')
  const { program, kind } = componentDocuments[document]
  const owner = short === kind ? document : short
  const field = fields.get(key)
  if (field !== undefined) {
    const when = field.since === undefined ? `It went with ${field.until}.` : `It came with ${field.since}.`
    report({ path, at: 'key', problem: `${program} ${minor} has no key "${key}" in its ${owner}.`, next: when })
    return
  }
  const problem = `${program} has no key "${key}" in its ${owner}.`
  place.unknown += 1
  if (place.unknown > mostExplained) {
    report({ path, at: 'key', problem })
    return
  }
  const old = Object.keys(moved).flatMap(one => (one.startsWith(`${short}.`) ? one.slice(short.length + 1) : []))
  const known = [...fields].filter(([, one]) => existsIn(one, minor)).map(([one]) => one)
  const meant = nearest(key, [...old, ...known])
  const advice = meant === undefined ? undefined : moved[`${short}.${meant}`]
  if (advice !== undefined) report({ path, at: 'key', problem, next: advice })
  else if (meant !== undefined) report({ path, at: 'key', problem: `${problem} Did you mean "${meant}"?`, meant })
  else report({ path, at: 'key', problem, ...elsewhere(key, minor) })
}

// Looks for the key at the top level of the other documents: the user may have put it into the wrong one.
function elsewhere(key: string, minor: string): { readonly next?: string } {
  const found = Object.entries(componentDocuments).find(([, { kind }]) => {
    const field = fieldsOfType(documentType(kind)).get(key)
    return field !== undefined && existsIn(field, minor)
  })
  return found === undefined ? {} : { next: `That key belongs to spec.kubernetes.${found[0]}.` }
}

// Up to v1beta3 these arguments were mappings, and many examples on the web still show them so.
// https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-Arg
function notAList(value: unknown, of: ComponentType, path: Path, place: Place): void {
  if (of.is !== 'object' || !of.name.endsWith('.Arg')) {
    reportType(value, 'a list', path, place)
    return
  }
  const [name, first] = isMapping(value) ? (Object.entries(value)[0] ?? []) : []
  const plain = name !== undefined && typeof first !== 'object'
  const next = plain ? { next: `Write - { name: ${name}, value: "${String(first)}" }` } : {}
  reportType(value, 'a list of { name: …, value: "…" } (kubeadm.k8s.io/v1beta4)', path, place, next)
}

function wrongType(value: unknown, scalar: Scalar, path: Path, place: Place): void {
  const plain = typeof value === 'number' || typeof value === 'boolean'
  const next = scalar === 'string' && plain ? { next: `Write it in quotes: "${String(value)}"` } : {}
  reportType(value, expectations[scalar], path, place, next)
}

function reportType(
  value: unknown,
  expected: string,
  path: Path,
  { report }: Place,
  next: { readonly next?: string } = {},
): void {
  report({
    path,
    problem: `${String(path.at(-1))} has the wrong type.`,
    expected,
    actual: describeValue(value),
    ...next,
  })
}
