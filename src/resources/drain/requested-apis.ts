import type { ProbeResult } from '../../core/resource.ts'
import { linesOf } from '../support/index.ts'

/** A deprecated API that a client has used. */
export interface RequestedApi {
  /** `resource.version.group`, e.g. `cronjobs.v1beta1.batch`. */
  readonly name: string
  /** The minor that does not serve it any more, e.g. `1.37`. */
  readonly removed: string
}

/** So many lines are read of a host. An API server knows some hundred resources, and few are deprecated. */
const mostLines = 200

/**
 * A command of sh that reads the metrics of an API server, `# answered` after them, and prints a line `requested=` for each
 * deprecated API that was asked for, and `metrics=answered` at the end. The metric: apiserver_requested_deprecated_apis
 * (k8s.io/apiserver/pkg/endpoints/metrics/metrics.go), stable since Kubernetes 1.22.
 */
export const printRequested = `sed -n 's/^apiserver_requested_deprecated_apis\\({.*} 1\\)$/requested=\\1/p; s/^# answered$/metrics=answered/p' | cut -c 1-500 | head -n ${mostLines}`

const label = (name: string) => `${name}="([\\w.-]{0,100})"`
const labels = ['group', 'removed_release', 'resource', 'subresource', 'version'].map(label).join(',')
const pattern = new RegExp(`^\\{${labels}\\} 1$`)
const release = /^1\.(\d{1,3})$/

/**
 * The APIs in the output of printRequested. Lines of another shape are left out. Undefined if the metrics were not read to
 * their end.
 */
export function requestedIn(raw: ProbeResult): readonly RequestedApi[] | undefined {
  if (!linesOf(raw, 'metrics').includes('answered')) return undefined
  return linesOf(raw, 'requested').flatMap(line => {
    const [, group = '', removed = '', resource = '', , version = ''] = pattern.exec(line) ?? []
    if (resource === '' || version === '' || !release.test(removed)) return []
    return [{ name: [resource, version, group].filter(part => part !== '').join('.'), removed }]
  })
}

/** Whether a version of Kubernetes, without `v`, does not serve an API any more. */
export function isRemovedIn({ removed }: RequestedApi, version: string): boolean {
  const minor = (text: string) => Number(text.split('.')[1])
  return minor(removed) <= minor(version)
}
