import type { ClientChannel } from 'ssh2'
import { Deadline } from '../core/deadline.ts'
import type { HostError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Secret } from '../core/secret.ts'
import { settledOrAborted } from '../core/settled-or-aborted.ts'
import { credential } from '../shell/script.ts'
import { type Connection, NotOpened } from './connection.ts'
import { hostError } from './failure.ts'
import {
  loginUid,
  passwordEnd,
  passwordPrompt,
  type RootMode,
  refusedAfterPassword,
  rootError,
  rootReady,
  silentAfterPassword,
  wrongPassword,
} from './sudo.ts'

// More than a lecture and all warnings of sudo.
const mostHeard = 8192

/** How evcctl becomes root on a host, remembered from one exchange to the next. */
export interface RootState {
  mode: RootMode
  /** True once sudo has taken the password. */
  proven: boolean
  /** Why sudo refused the password. The password is not sent a second time, because that could lock the account. */
  refused: HostError | undefined
  /** The exchange that sends the password first; the others wait until sudo has accepted or refused it. */
  proving: Promise<void> | undefined
  readonly password: Secret | undefined
  /** How long sudo may take after the password. */
  readonly sudoSeconds: number
}

/** Nothing is known yet: root is root, others are asked for their uid, and sudo is first asked without a password. */
export function initialRoot(user: string, password: Secret | undefined, sudoSeconds = limits.sudoMs / 1000): RootState {
  const mode = user === 'root' ? 'root' : 'sudo'
  return { mode, proven: false, refused: undefined, proving: undefined, password, sudoSeconds }
}

/**
 * Opens a channel whose command becomes root, up to where its stdin is the program's. Rejects with HostError of kind
 * `root` when sudo refuses the password, now or earlier, or `lost`; with NotOpened, with Unanswered, or with the signal's
 * reason. The password is sent once, and nothing else before it is accepted: sudo would take the lines that follow for
 * further tries, and lock the account. That it was right before says nothing, as it may have been changed.
 */
export async function openAsRoot(
  connection: Connection,
  root: RootState,
  command: (mode: RootMode) => string,
  options: { readonly urgent?: boolean; readonly signal?: AbortSignal } = {},
): Promise<ClientChannel> {
  if (root.mode !== 'sudo with password' || root.password === undefined) {
    const channel = await connection.exec(command(root.mode), options)
    if (root.mode === 'sudo') noticeRoot(channel, root)
    return channel
  }
  while (root.proving !== undefined) {
    await settledOrAborted(root.proving, options.signal)
    options.signal?.throwIfAborted()
  }
  if (root.refused !== undefined) throw root.refused
  const done = Promise.withResolvers<void>()
  if (!root.proven) root.proving = done.promise
  try {
    const channel = await connection.exec(command(root.mode), options)
    await becomeRoot(connection, channel, root, root.password, options.signal)
    root.proven = true
    channel.write(`${passwordEnd}\n`)
    return channel
  } finally {
    if (root.proving === done.promise) root.proving = undefined
    done.resolve()
  }
}

// The login says its uid before anything else on stderr; who is root already needs no sudo from then on.
function noticeRoot(channel: ClientChannel, root: RootState): void {
  let stderr = ''
  const onStderr = (chunk: Buffer): void => {
    stderr += chunk.toString('latin1')
    const uid = loginUid(stderr)
    if (uid === 0) root.mode = 'root'
    if (uid !== undefined || stderr.length > mostHeard) channel.stderr.off('data', onStderr)
  }
  channel.stderr.on('data', onStderr)
}

function becomeRoot(
  connection: Connection,
  channel: ClientChannel,
  root: RootState,
  password: Secret,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stderr = ''
    let sent = false
    let deadline: Deadline | undefined
    const { endpoint } = connection
    const { label } = password
    const { sudoSeconds } = root
    const send = (): void => {
      if (!sent) channel.write(`${credential(password)}\n`)
      sent = true
    }
    const onAbort = (): void => done(signal?.reason)
    const done = (error?: unknown): void => {
      deadline?.hold()
      signal?.removeEventListener('abort', onAbort)
      channel.stderr.off('data', onStderr)
      channel.off('close', onClose)
      if (error === undefined) {
        resolve()
        return
      }
      channel.close()
      reject(error)
    }
    const refuse = (error: HostError): void => {
      root.refused ??= error
      done(error)
    }
    const onStderr = (chunk: Buffer): void => {
      stderr = (stderr + chunk.toString()).slice(-mostHeard)
      if (stderr.includes(rootReady)) {
        done()
        return
      }
      const asked = stderr.split(passwordPrompt).length - 1
      if (asked > 1) refuse(wrongPassword(endpoint, label, stderr))
      else if (asked === 1 && deadline === undefined) {
        send()
        deadline = new Deadline(sudoSeconds * 1000, () =>
          refuse(silentAfterPassword(endpoint, label, sudoSeconds, stderr)),
        )
      }
    }
    const onClose = (code?: number | null): void => {
      const exitCode = code ?? -1
      if (code === undefined) done(lostBeforeRoot(connection, sent))
      else if (sent) refuse(refusedAfterPassword(endpoint, label, exitCode, stderr))
      else done(rootError(endpoint, 'sudo with password', { exitCode, stdout: '', stderr }))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    channel.stderr.on('data', onStderr)
    channel.on('close', onClose)
    // Nothing is printed there yet, but an unread stream would hold back the close.
    channel.resume()
    if (signal?.aborted === true) onAbort()
    // Where it was right before, it need not wait for the question.
    else if (root.proven) send()
  })
}

// The program behind sudo begins only after the line that follows the password.
function lostBeforeRoot(connection: Connection, sent: boolean): Error {
  const reason = connection.alive ? 'the channel closed without an exit code' : connection.endReason()
  if (!sent) return new NotOpened(reason)
  return hostError(connection.endpoint, 'lost', {
    problem: 'the connection was lost while sudo had the password; nothing ran',
    actual: reason,
    next: 'Run the same command again.',
  })
}
