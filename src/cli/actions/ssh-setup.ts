import { type ExitCode, exitCodes, HostError, UserError } from '../../core/index.ts'
import { createPaint, printable, table, wantsColour } from '../../report/index.ts'
import { type Machine, type SetupOutcome, type SetupQuestions, setUpLogins } from '../../ssh/index.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { askSecret, canAskSecrets, confirm } from '../terminal/ask.ts'
import { printJson, printLine, writeError } from '../terminal/streams.ts'
import { setupAsData, setupText } from './ssh-setup-text.ts'

export interface SshSetupOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  readonly askPassword: 'once' | 'each'
  /** Record unknown host keys without asking. */
  readonly acceptNew: boolean
  readonly identityFile: string | undefined
  readonly dryRun: boolean
}

/** `evcctl ssh setup`: authorizes one SSH key on every host. Exit code 4 if a host cannot be used afterwards. */
export async function sshSetup(options: SshSetupOptions): Promise<ExitCode> {
  const { spec, targets } = await openCluster(options.file)
  using interrupts = listenForInterrupts(() => {})
  const outcome = await setUp(targets, options, interrupts.stop)
  if (options.output === 'json') for (const machine of outcome.machines) printJson(setupAsData(machine))
  else {
    const paint = createPaint(wantsColour(process.stdout, process.env))
    printLine(setupText(outcome, { file: spec.file, dryRun: options.dryRun, paint, ...identityHint(options) }))
  }
  return outcome.machines.every(({ progress }) => progress.error === undefined) ? exitCodes.ok : exitCodes.unreachable
}

async function setUp(
  targets: Parameters<typeof setUpLogins>[0],
  { askPassword, identityFile, dryRun, acceptNew }: SshSetupOptions,
  signal: AbortSignal,
): Promise<SetupOutcome> {
  const given = identityFile === undefined ? {} : { identityFile }
  try {
    return await setUpLogins(targets, {
      signal,
      askPassword,
      dryRun,
      questions: questions(acceptNew, signal),
      ...given,
    })
  } catch (error) {
    const interrupted = error instanceof UserError && error.exitCode === exitCodes.cancelled
    if (!signal.aborted && !interrupted) throw error
    throw new HostError(
      '',
      'cancelled',
      {
        problem: 'Stopped before it was done. What is done stays, and nothing is half-written.',
        next: 'The same command goes on from there.',
      },
      { cause: error },
    )
  }
}

function identityHint({ identityFile }: SshSetupOptions): { identityFile?: string } {
  return identityFile === undefined ? {} : { identityFile }
}

function questions(acceptNew: boolean, signal: AbortSignal): SetupQuestions {
  const hostKeys = acceptNew ? async () => true : (machines: readonly Machine[]) => confirmHostKeys(machines, signal)
  if (!canAskSecrets()) return { hostKeys }
  return {
    hostKeys,
    passphrase: (file, again) => askSecret(`${again ? 'That did not open it. ' : ''}Passphrase of ${file}`, signal),
    password: (machines, again) => askSecret(passwordQuestion(machines, again), signal),
  }
}

/** `Password of ubuntu on cp1, w1 and w2`. */
function passwordQuestion(machines: readonly Machine[], again: boolean): string {
  const users = Map.groupBy(machines, ({ endpoint }) => endpoint.user)
  const parts = [...users].map(([user, theirs]) => `${user} on ${nameList(theirs.map(({ name }) => name))}`)
  return `${again ? 'That was not right. ' : ''}Password of ${parts.join('; ')}`
}

function nameList(names: readonly string[]): string {
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

// Asks on standard error, because a program may read standard output.
async function confirmHostKeys(machines: readonly Machine[], signal: AbortSignal): Promise<boolean> {
  const rows = machines.map(({ name, endpoint, progress }) => [
    name,
    `${endpoint.host}:${endpoint.port}`,
    ...printable(progress.fingerprint ?? '').split(' '),
  ])
  const lines = [
    'These hosts are not known yet. They show these keys:',
    '',
    ...table([['HOST', 'ADDRESS', 'TYPE', 'FINGERPRINT'], ...rows]),
    '',
  ]
  writeError(`${lines.join('\n')}\n`)
  return (
    canAskSecrets() &&
    confirm('Are they theirs? Then they are recorded in known_hosts.', { output: process.stderr, signal })
  )
}
