import { quote } from '../../shell/quote.ts'
import { type ApiAccess, kubectl, type NodeState } from '../api/index.ts'

/** Annotation of a node that evcctl has cordoned. A node that is cordoned without it was cordoned by somebody else. */
export const cordonedBy = 'evcctl.dev/cordoned-by'

/** Whether evcctl has cordoned a node, and nobody has uncordoned it since. */
export function isCordonedByEvcctl({ annotations, isCordoned }: NodeState): boolean {
  return isCordoned && Object.hasOwn(annotations, cordonedBy)
}

/**
 * A shell function that cordons a node and records that evcctl did, in one patch. A node that is cordoned already stays as it
 * is. The patch names the version of the node that was read: if somebody cordons the node in between, it fails, and the
 * function fails with it, so it is called again.
 */
export function cordonFunction(api: ApiAccess, node: string): string {
  const version = quote("jsonpath={.metadata.resourceVersion}{' '}{.spec.unschedulable}")
  const patch = `{"metadata":{"resourceVersion":"'"\${found%% *}"'","annotations":{"${cordonedBy}":"evcctl"}},"spec":{"unschedulable":true}}`
  return `cordon() {
  found=$(${kubectl(api)} get node ${quote(node)} -o ${version}) || return 1
  case $found in *' true') return 0 ;; esac
  ${kubectl(api)} patch node ${quote(node)} --type=merge --patch '${patch}' >/dev/null
}
`
}

/**
 * A shell function that uncordons a node if evcctl has cordoned it, and removes the record, in one patch. It does nothing to
 * any other node, and fails like the function before.
 */
export function uncordonFunction(api: ApiAccess, node: string): string {
  const annotation = cordonedBy.replaceAll('.', '\\.')
  const version = quote(`jsonpath={.metadata.resourceVersion}{' '}{.metadata.annotations.${annotation}}`)
  const patch = `{"metadata":{"resourceVersion":"'"\${found%% *}"'","annotations":{"${cordonedBy}":null}},"spec":{"unschedulable":null}}`
  return `uncordon() {
  found=$(${kubectl(api)} get node ${quote(node)} -o ${version}) || return 1
  case $found in *' ') return 0 ;; esac
  ${kubectl(api)} patch node ${quote(node)} --type=merge --patch '${patch}' >/dev/null
}
`
}
