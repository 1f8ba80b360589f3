import { duration } from '../../config/schema/scalars.ts'
import { exitCodes, UserError } from '../../core/index.ts'
import type { Subject } from './signing-request.ts'

/** For whom a certificate is signed, and for how long. */
export interface UserRequest extends Subject {
  readonly seconds: number
}

/** What the API signs: ten minutes at least; a year at most, by the usual limit of the controller manager. */
const [shortest, longest] = [10 * 60, 365 * 24 * 3600]

const usual = '8h'

/** The upper bound of a common name and of an organization: RFC 5280, appendix A. */
const longestName = 64

interface UserFlags {
  readonly user: string | undefined
  readonly group: readonly string[]
  /** A duration, e.g. `8h`. */
  readonly for: string | undefined
}

/** Reads the flags --user, --group and --for; undefined without --user. Throws UserError for values that are not acceptable. */
export function userRequest({ user, group: groups, for: time }: UserFlags): UserRequest | undefined {
  if (user === undefined) {
    if (groups.length === 0 && time === undefined) return undefined
    throw refused('--user', {
      problem: '--group and --for are for a certificate of its own, so it has to be said whose.',
      expected: '--user NAME',
    })
  }
  checkName('--user', user)
  for (const group of groups) checkName('--group', group)
  const parsed = duration.safeParse(time ?? usual)
  const seconds = parsed.success ? Math.floor(parsed.data / 1000) : 0
  if (seconds < shortest || seconds > longest)
    throw refused('--for', {
      problem: 'The API signs no certificate for that time.',
      expected: 'a duration of 10m to 8760h, e.g. 8h',
      actual: time ?? usual,
    })
  return { user, groups, seconds }
}

function checkName(flag: string, name: string): void {
  if (name === 'system:masters')
    throw refused(flag, {
      problem:
        'The API signs no certificate for system:masters, and nobody can take one back: it may do everything, whatever RBAC says.',
      expected: 'a group that RBAC gives rights, e.g. kubeadm:cluster-admins, which has the role cluster-admin',
      next: 'If it has to be, on a control plane node: kubeadm kubeconfig user --org system:masters --client-name NAME',
    })
  if (name.startsWith('system:'))
    throw refused(flag, {
      problem: 'Kubernetes keeps names that begin with system: for its own users and groups.',
      expected: 'another name',
      actual: name,
    })
  if (!/^[A-Za-z0-9][\w.:@+/-]*$/.test(name) || name.length > longestName)
    throw refused(flag, {
      problem: 'This cannot be the name of a user or a group.',
      expected: `letters of ASCII, digits and . _ : @ + / -, at most ${longestName} characters`,
      actual: name,
    })
}

function refused(where: string, details: Omit<ConstructorParameters<typeof UserError>[0], 'where'>): UserError {
  return new UserError({ where, ...details }, { exitCode: exitCodes.badInput })
}
