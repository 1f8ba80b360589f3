import { execFile } from 'node:child_process'
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writePlan } from '../../src/cli/saved-plan/file.ts'
import type { SavedPlan } from '../../src/cli/saved-plan/saved-plan.ts'
import { checkNames } from '../../src/config/index.ts'
import { quoteAll } from '../../src/shell/quote.ts'
import { startServer, type TestServer } from '../ssh/server.ts'
import { callCli, devPath, oneHostFile, runCli, temporaryFolder } from './run-cli.ts'

// Plans of this machine, through an SSH server of this process. None of them is applied: each apply here is refused.
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let server: TestServer
const path = (name: string) => join(folder.path, name)
const evcctl = (...args: readonly string[]) => runCli(args, { cwd: folder.path })
/** The same in this process, for what ends before there is a journal. */
const quick = (...args: readonly string[]) => callCli(args, folder.path)

beforeAll(async () => {
  folder = await temporaryFolder()
  server = await startServer()
  const { port, identityFile, knownHostsFile } = server
  const ssh = `user: root, identityFile: ${identityFile}, knownHosts: {file: ${knownHostsFile}, policy: accept-new}`
  const preflight = `  preflight: {ignore: [${checkNames.join(', ')}]}\n  artifacts: {checksums: sums}\n`
  await writeFile(path('lab.yaml'), oneHostFile(port, ssh).replace('  hosts:', `${preflight}  hosts:`))
  await writeFile(path('sums'), `${'a'.repeat(64)}  example.com/kubelet-1.36.4\n`)
  await evcctl('plan', 'lab.yaml', '--out', 'lab.plan')
}, 60_000)

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const readPlan = async () => JSON.parse(await readFile(path('lab.plan'), 'utf8'))

/** Changes a file for the time of some work. */
async function changed<T>(name: string, change: (text: string) => string, work: () => Promise<T>): Promise<T> {
  const before = await readFile(path(name), 'utf8')
  await writeFile(path(name), change(before))
  try {
    return await work()
  } finally {
    await writeFile(path(name), before)
  }
}

describe('a saved plan', { timeout: 60_000 }, () => {
  test('is a file for its owner alone, with what the plan was made from', async () => {
    const plan = await readPlan()
    expect((await stat(path('lab.plan'))).mode & 0o777).toBe(0o600)
    expect(Object.keys(plan).slice(0, 3)).toEqual(['apiVersion', 'kind', 'digest'])
    expect(plan).toMatchObject({ kind: 'SavedPlan', cluster: 'lab', file: path('lab.yaml'), hosts: { cp1: 'read' } })
    expect(Object.keys(plan.files)).toEqual([path('lab.yaml'), path('sums')])
    expect(Object.values(plan.tasks).some(task => (task as { is: string }).is === 'change')).toBe(true)
  })

  test('names the command that does it, and replaces an earlier plan', async () => {
    const { stdout } = await evcctl('plan', 'lab.yaml', '--out', 'lab.plan')
    expect(stdout).toContain('evcctl apply lab.plan')
    expect(stdout).toContain('Saved as lab.plan')
  })

  test('is the same as long as nothing moves: two evaluations of one host give equal digests', async () => {
    const { stderr, stdout } = await evcctl('apply', 'lab.plan', '--dry-run')
    expect(stderr).toBe('')
    expect(stdout).toContain('Nothing was written.')
  })

  test('needs an answer, like the cluster file', async () => {
    const { exitCode, stderr } = await quick('apply', 'lab.plan')
    expect(exitCode).toBe(3)
    expect(stderr).toContain('evcctl apply lab.plan --yes')
  })

  test('is refused when a key of the cluster file has another value, with both', async () => {
    const { exitCode, stderr, stdout } = await changed(
      'lab.yaml',
      text => text.replace('  hosts:', '  kubernetes: {version: 1.36.3}\n  hosts:'),
      () => evcctl('apply', 'lab.plan', '--yes'),
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('out of date. Nothing was written.')
    expect(stderr).toMatch(
      /spec\.kubernetes\.version: This is not as it was.*\n +expected +1\.36\.4\n +actual +1\.36\.3/,
    )
    expect(stderr).toContain(`evcctl plan ${path('lab.yaml')} --out lab.plan`)
    // No host was asked.
    expect(stdout).not.toContain('cp1')
  })

  test('is refused when a file that the cluster file names has changed', async () => {
    const { exitCode, stderr } = await changed(
      'sums',
      text => `# a comment\n${text}`,
      () => evcctl('apply', 'lab.plan', '--yes'),
    )
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(new RegExp(`${path('sums')}: This is not as it was`))
  })

  test('of another catalog is refused, with the download that differs', async () => {
    const { digest: _, ...plan } = await readPlan()
    const catalog = { ...plan.catalog, 'kubelet 1.36.4': 'ffff' }
    await writePlan(path('other.plan'), { ...plan, catalog } as SavedPlan)
    const { exitCode, stderr } = await evcctl('apply', 'other.plan', '--yes')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('catalog: kubelet 1.36.4')
  })

  test('of a host that was in another state is refused, task by task', async () => {
    const { digest: _, ...plan } = await readPlan()
    const [id, task] = Object.entries<SavedPlan['tasks'][string]>(plan.tasks).find(([, { is }]) => is === 'change')!
    const tasks = { ...plan.tasks, [id]: { ...task, is: 'in desired state', change: undefined } }
    await writePlan(path('other.plan'), { ...plan, tasks } as SavedPlan)
    const { exitCode, stderr } = await evcctl('apply', 'other.plan', '--yes', '-o', 'json')
    expect(exitCode).toBe(1)
    const { errors } = JSON.parse(stderr)
    expect(errors[1]).toMatchObject({ where: `cp1 ${task.title}`, expected: 'in desired state' })
    expect(errors[1].actual).toContain(task.change!.action)
  })

  test.each([
    ['cut off', (text: string) => text.slice(0, text.length / 2), 'damaged'],
    ['edited', (text: string) => text.replace('"in desired state"', '"change"'), 'was edited'],
    [
      'of another version of evcctl',
      (text: string) => text.replace(/"version": "[^"]*"/, '"version": "9.9.9"'),
      'evcctl 9.9.9',
    ],
    ['without its tasks', (text: string) => `${text.slice(0, text.indexOf('"tasks"'))}"tasks": 1}`, 'damaged at tasks'],
  ])('that is %s is an error before any host is asked', async (_, change, words) => {
    await writeFile(path('bad.plan'), change(await readFile(path('lab.plan'), 'utf8')))
    const { exitCode, stderr, stdout } = await quick('apply', 'bad.plan', '--yes')
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
    expect(stderr).toContain(words)
    expect(stderr).toContain('evcctl plan')
  })

  test('from somebody else puts nothing into a command to copy', async () => {
    const { digest: _, ...plan } = await readPlan()
    const file = '/tmp/$(reboot);reboot\u202e'
    await writePlan(path('other.plan'), { ...plan, version: '9.9.9', file } as SavedPlan)
    const { stderr } = await quick('apply', 'other.plan', '--yes')
    expect(stderr).toContain("evcctl plan '/tmp/$(reboot);reboot\\u202e' --out other.plan")
    await writePlan(path('other.plan'), { ...plan, order: 1 as unknown as string, file } as SavedPlan)
    expect((await quick('apply', 'other.plan', '--yes')).stderr).toContain(
      "evcctl plan '/tmp/$(reboot);reboot\\u202e' --out",
    )
  })

  test('of a cluster file that is gone says so', async () => {
    const { digest: _, ...plan } = await readPlan()
    await writePlan(path('other.plan'), { ...plan, file: path('gone.yaml') } as SavedPlan)
    const { exitCode, stderr } = await quick('apply', 'other.plan', '--yes')
    expect(exitCode).toBe(3)
    expect(stderr).toContain(`${path('gone.yaml')}: There is no such file`)
  })

  test('is not written over anything else, nor into a folder that is not there', async () => {
    const over = await quick('plan', 'lab.yaml', '--out', 'lab.yaml')
    expect(over).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('was not touched') })
    expect(await readFile(path('lab.yaml'), 'utf8')).toContain('kind: Cluster')
    const nowhere = await quick('plan', 'lab.yaml', '--out', 'no/lab.plan')
    expect(nowhere).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('mkdir -p no') })
    await symlink('/dev/null', path('link.plan'))
    expect((await quick('plan', 'lab.yaml', '--out', 'link.plan')).exitCode).toBe(3)
  })

  test('that cannot be written is told by its own name, and no command says to apply it', async () => {
    // No file may have a byte, as on a full disk; standard output is a pipe.
    const command = `ulimit -f 0; exec ${quoteAll([process.execPath, devPath])} plan lab.yaml --out full.plan`
    const env = { PATH: process.env.PATH, HOME: folder.path, XDG_STATE_HOME: path('state') }
    const failed = await promisify(execFile)('sh', ['-c', command], { cwd: folder.path, env }).catch(error => error)
    expect(failed.stderr).toBe('full.plan: write failed: EFBIG\n')
    expect(failed.stdout).not.toContain('evcctl apply')
    expect(failed.code).toBe(1)
    expect((await readdir(folder.path)).filter(name => name.startsWith('full.plan'))).toEqual([])
  })

  test.each(['plan', 'validate', 'status', 'check'])(
    'is no cluster file for %s, which says what it is for',
    async command => {
      const { exitCode, stderr, stdout } = await quick(command, 'lab.plan')
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
      expect(stderr).toContain('This is a saved plan, not a cluster file.\n  To do it: evcctl apply lab.plan')
    },
  )

  test('that nobody may read is an error', async () => {
    if (process.getuid?.() === 0) return
    await writeFile(path('closed.plan'), await readFile(path('lab.plan')))
    await chmod(path('closed.plan'), 0)
    expect((await quick('apply', 'closed.plan', '--yes')).exitCode).toBe(3)
  })
})
