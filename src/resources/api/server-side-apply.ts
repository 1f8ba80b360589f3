import type { ApiAccess } from './access.ts'
import { kubectl } from './kubectl.ts'

/**
 * A command of sh that applies objects (YAML or JSON, with a line break at the end) server-side, with its here document. It
 * owns the fields that it names, under the field manager `manager`; what a manager names no more is removed.
 */
export function serverSideApply(api: ApiAccess, objects: string, manager = 'evcctl'): string {
  return `${kubectl(api, 30)} apply --server-side --force-conflicts --field-manager=${manager} -f - <<'EVCCTL_EOF'
${objects}EVCCTL_EOF
`
}
