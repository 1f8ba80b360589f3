import type PQueue from 'p-queue'
import { Countdown } from '../../core/countdown.ts'
import { HostError, UserError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { NotOpened } from '../connection.ts'
import { notOpenedError } from '../failure.ts'
import type { Services } from '../handshake.ts'
import { LoginRefused } from '../login.ts'
import { initialRoot } from '../root-channel.ts'
import { runCommand } from '../run.ts'
import { type Authorized, authorize } from './authorize.ts'
import {
  cannotRecord,
  keyStillRefused,
  keysOnly,
  nobodyToAsk,
  noRootYet,
  notConfirmed,
  sudoPasswordMissing,
  takesPasswords,
  wrongPasswords,
} from './failures.ts'
import type { SetupIdentity } from './identity.ts'
import { asked, attempt, withKeyOnly, withPasswordOnly } from './login.ts'
import { giveUp, inHand, type Machine } from './machine.ts'
import type { SetupOptions } from './options.ts'

const passwordTries = 3

/** The values that all steps of one run share. */
export interface SetupRun {
  readonly options: SetupOptions
  /** By file. */
  readonly identities: ReadonlyMap<string, SetupIdentity>
  readonly services: Services
  readonly queue: PQueue
}

/** Runs `work` on several machines at a time. Rejects with the signal's reason when it is aborted. */
export async function each(
  machines: Iterable<Machine>,
  run: SetupRun,
  work: (machine: Machine) => Promise<void>,
): Promise<void> {
  await Promise.all(
    [...machines].map(machine =>
      run.queue.add(async () => {
        run.options.signal.throwIfAborted()
        await work(machine)
      }),
    ),
  )
}

/** Tries only the key. Returns the machines with unknown host keys, and adds those that refuse the key to `refused`. */
export async function look(
  machines: readonly Machine[],
  refused: Map<Machine, LoginRefused>,
  run: SetupRun,
): Promise<readonly Machine[]> {
  const unknown = new Set<Machine>()
  await each(machines, run, async machine => {
    const outcome = await attempt(
      machine,
      withKeyOnly(machine.endpoint, identityOf(machine, run)),
      run.services,
      run.options.signal,
    )
    if (outcome === 'in') {
      machine.progress.key = 'already'
      machine.progress.login = 'ok'
    } else if (outcome === 'unknown host key') unknown.add(machine)
    else if (outcome instanceof LoginRefused) refused.set(machine, outcome)
  })
  return machines.filter(machine => unknown.has(machine))
}

/** Has unknown host keys confirmed, and records them. Returns the machines whose keys are known now. */
export async function confirm(
  machines: readonly Machine[],
  { options, services }: SetupRun,
): Promise<readonly Machine[]> {
  const toAsk = machines.filter(({ endpoint }) => endpoint.knownHosts.policy === 'strict')
  const yes = toAsk.length === 0 || (await options.questions.hostKeys(toAsk))
  if (!yes) for (const machine of toAsk) giveUp(machine, 'hostKey', notConfirmed(machine))
  for (const machine of machines.filter(inHand)) {
    const { files, name } = machine.endpoint.knownHosts
    const [file] = files
    const key = machine.unknownKey
    machine.unknownKey = undefined
    try {
      if (file === undefined || key === undefined) throw new Error('there is no such file')
      const { verdict } = await services.knownHosts.record(file, name, key)
      if (verdict !== 'known') throw new Error(`it has another key for ${name} by now, or that one as revoked`)
      machine.progress.hostKey = 'recorded'
    } catch (error) {
      giveUp(machine, 'hostKey', cannotRecord(machine, error))
    }
  }
  return machines.filter(inHand)
}

/** Logs in to machines that refuse the key: with other keys and passwords from cluster.yaml and the agent, then by asking. */
export async function enter(refused: Map<Machine, LoginRefused>, run: SetupRun): Promise<void> {
  const { questions, signal, askPassword } = run.options
  const waiting = new Set(refused.keys())
  await each(refused.keys(), run, async machine => {
    const outcome = hasMore(machine)
      ? await attempt(machine, asked(machine.endpoint), run.services, signal)
      : (refused.get(machine) ?? 'failed')
    if (outcome instanceof LoginRefused) refused.set(machine, outcome)
    else waiting.delete(machine)
    if (outcome === 'in') machine.password = machine.endpoint.password
    if (outcome instanceof LoginRefused && !takesPasswords(outcome)) {
      giveUp(machine, 'login', keysOnly(machine, outcome))
      waiting.delete(machine)
    } else if (outcome instanceof LoginRefused && questions.password === undefined) {
      giveUp(machine, 'login', nobodyToAsk(machine, outcome))
      waiting.delete(machine)
    }
  })
  for (let tries = 1; tries <= passwordTries && waiting.size > 0; tries++) {
    const inOrder = [...refused.keys()].filter(machine => waiting.has(machine))
    const groups = askPassword === 'once' && tries === 1 ? [inOrder] : inOrder.map(machine => [machine])
    const passwords = new Map<Machine, Secret>()
    for (const group of groups) {
      const password = await questions.password?.(group, tries > 1)
      for (const machine of group) if (password !== undefined) passwords.set(machine, password)
    }
    await each(passwords.keys(), run, async machine => {
      const password = passwords.get(machine)
      if (password === undefined) return
      const outcome = await attempt(machine, withPasswordOnly(machine.endpoint, password), run.services, signal)
      if (outcome instanceof LoginRefused) {
        if (tries === passwordTries) giveUp(machine, 'login', wrongPasswords(machine, tries, outcome))
        return
      }
      waiting.delete(machine)
      if (outcome === 'in') machine.password = password
    })
  }
}

/** Installs the key over the open connection, and proves the login with it over a new one. */
export async function install(machine: Machine, run: SetupRun): Promise<void> {
  const { connection, progress } = machine
  const identity = identityOf(machine, run)
  if (connection === undefined || identity.publicLine === undefined) return
  let authorized: Authorized
  try {
    authorized = await authorize(connection, identity.publicLine, run.options.signal)
  } catch (error) {
    giveUp(machine, 'key', hostErrorOf(error, machine, run))
    return
  }
  progress.key = authorized.added ? 'installed' : 'already'
  const outcome = await attempt(machine, withKeyOnly(machine.endpoint, identity), run.services, run.options.signal)
  if (outcome === 'in') progress.login = 'ok'
  else if (outcome instanceof LoginRefused) giveUp(machine, 'login', keyStillRefused(machine, authorized, outcome))
}

/** Proves that the user can become root. If cluster.yaml names no sudo password, tries the password of the login. */
export async function proveRoot(machine: Machine, run: SetupRun): Promise<void> {
  const { connection, progress, sudoPassword } = machine
  if (machine.jumpHost || connection === undefined) return
  const root = initialRoot(connection.endpoint.user, sudoPassword ?? machine.password)
  const quiet = (): void => undefined
  const { sudoSeconds = 60 } = run.options
  using late = new Countdown(sudoSeconds * 1000)
  try {
    await runCommand(connection, root, {
      command: 'true',
      sudo: true,
      signal: AbortSignal.any([run.options.signal, late.signal]),
      onStdout: quiet,
      onStderr: quiet,
    })
    progress.root = root.mode
    if (root.mode === 'sudo with password' && sudoPassword === undefined)
      giveUp(machine, undefined, sudoPasswordMissing(machine))
  } catch (error) {
    const silent = late.signal.aborted && !run.options.signal.aborted
    giveUp(machine, 'root', silent ? noRootYet(machine, sudoSeconds) : hostErrorOf(error, machine, run))
  }
}

// Whether the endpoint has another key, an agent or a password besides the key that was refused.
function hasMore({ endpoint, identityFile }: Machine): boolean {
  const { agentSocket, password, identityFiles } = endpoint
  return agentSocket !== undefined || password !== undefined || identityFiles.some(file => file !== identityFile)
}

function identityOf({ identityFile }: Machine, { identities }: SetupRun): SetupIdentity {
  const identity = identities.get(identityFile)
  if (identity === undefined) throw new RangeError(`${identityFile} was not prepared`)
  return identity
}

// Rethrows errors that end the whole run. Any other error belongs to one machine.
function hostErrorOf(error: unknown, { endpoint, name }: Machine, { options }: SetupRun): HostError {
  options.signal.throwIfAborted()
  if (error instanceof HostError) return error
  if (error instanceof UserError) return new HostError(name, 'lost', error.details, { cause: error })
  if (error instanceof NotOpened) return notOpenedError(endpoint, error.message, error)
  throw error
}
