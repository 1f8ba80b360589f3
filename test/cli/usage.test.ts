import { execFile, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/index.ts'
import { quoteAll } from '../../src/shell/quote.ts'
import { callCli, devPath, runCli, temporaryFolder } from './run-cli.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const evcctl = (...args: readonly string[]) => callCli(args, folder.path)

// What must never be seen: stack traces and oclif's own way of telling errors.
const leaks = /\n\s+at |Error:|›|oclif|See more help/

describe('wrong usage', () => {
  test.each([
    [['plna'], 'There is no command "plna". Did you mean "plan"?', 'evcctl --help'],
    [['local', 'upp'], 'There is no command "local upp". Did you mean "local up"?', 'evcctl --help'],
    [['--verbose'], 'There is no option --verbose here; a command comes first.', 'evcctl --help'],
    [['plan', '--exit-cod'], 'There is no option --exit-cod here. Did you mean --exit-code?', 'evcctl plan --help'],
    [['plan', '--hepl'], 'There is no option --hepl here. Did you mean --help?', 'evcctl plan --help'],
    [['validate', 'a', 'b'], 'The argument "b" is one too many.', 'evcctl validate --help'],
    [['plan', '--parallel', 'many'], '--parallel: Expected an integer but received: many', 'evcctl plan --help'],
    [['plan', '--parallel', '0'], '--parallel: Expected an integer greater than or equal to 1', 'evcctl plan --help'],
    [['validate', '--output', 'xml'], 'Expected --output=xml to be one of: text, json', 'evcctl validate --help'],
    [['remove'], 'node', 'evcctl remove --help'],
    [['exec', '--host'], 'Flag --host expects a value', 'evcctl exec --help'],
    [['kubeconfig', '--merge', '--file', 'x'], 'cannot also be provided', 'evcctl kubeconfig --help'],
  ])('is told with what is wrong and where to look: %j', async (args, problem, help) => {
    const { exitCode, stdout, stderr } = await evcctl(...args)
    expect(stderr).toContain(problem)
    expect(stderr).toContain(help)
    expect(stderr).not.toMatch(leaks)
    expect(stdout).toBe('')
    expect(exitCode).toBe(3)
  })

  test('is told as JSON where JSON is asked for', async () => {
    const { exitCode, stderr } = await evcctl('plan', '--nope', '-o', 'json')
    expect(JSON.parse(stderr)).toMatchObject({
      type: 'error',
      exitCode: 3,
      errors: [{ problem: 'There is no option --nope here.' }],
    })
    expect(exitCode).toBe(3)
  })

  test('apply does nothing where nobody can be asked', async () => {
    const { exitCode, stdout, stderr } = await evcctl('apply')
    expect(stderr).toContain('There is no terminal to ask on. Nothing was read or written.')
    expect(stderr).toContain('evcctl apply cluster.yaml --yes')
    expect(stdout).toBe('')
    expect(exitCode).toBe(3)
  })

  test('remove names what is no name of a node, and the command that goes without a question', async () => {
    const wrong = await evcctl('remove', 'W3!', 'lab.yaml', '--yes')
    expect([wrong.exitCode, wrong.stdout]).toEqual([3, ''])
    expect(wrong.stderr).toContain('"W3!" is not the name of a node.')
    expect((await evcctl('remove', 'lab.yaml')).stderr).toContain('No node is named.')
    const { exitCode, stderr } = await evcctl('remove', 'w3', 'w4', 'lab.yaml')
    expect(exitCode).toBe(3)
    expect(stderr).toContain('evcctl remove w3 w4 lab.yaml --yes')
    expect(stderr).toContain('evcctl remove w3 w4 lab.yaml --dry-run')
  })

  test('exec needs a command', async () => {
    const { exitCode, stderr } = await evcctl('exec', '--sudo')
    expect(stderr).toContain('There is no command to run.\n  It comes after two dashes: evcctl exec -- uptime')
    expect(exitCode).toBe(3)
  })

  test('exec knows every role that a host can have', async () => {
    await evcctl('init', 'roles.yaml', '--host', 'cp1=192.0.2.11:control-plane')
    const { exitCode, stderr } = await evcctl('exec', 'roles.yaml', '--role', 'etcd', '--', 'true')
    expect(stderr).toContain('--role: No host of roles.yaml is meant by this.')
    expect(exitCode).toBe(3)
  })
})

describe('help', () => {
  test('lists all commands', async () => {
    const { exitCode, stdout } = await evcctl('--help')
    for (const id of Object.keys(commands)) expect(stdout).toMatch(new RegExp(`^ {2}${id.split(':')[0]} `, 'm'))
    expect(exitCode).toBe(0)
  })

  test.each(Object.keys(commands).map(id => [id.replace(':', ' ')]))('of %s', async command => {
    const { exitCode, stdout, stderr } = await evcctl(...command.split(' '), '--help')
    expect(stdout).toContain(`$ evcctl ${command}`)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  test('is also a command', async () => {
    expect((await evcctl('help', 'plan')).stdout).toContain('$ evcctl plan')
  })

  test('gives the version', async () => {
    expect((await evcctl('--version')).stdout).toMatch(/^evcctl\/\d+\.\d+\.\d+ /)
  })
})

describe('files', () => {
  test('init writes a file that validate takes, and never overwrites one', async () => {
    const cwd = join(folder.path, 'init')
    await mkdir(cwd)
    const first = await callCli(['init'], cwd)
    expect(first).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await callCli(['validate'], cwd)).toMatchObject({ exitCode: 0, stderr: '' })
    const text = await readFile(join(cwd, 'cluster.yaml'), 'utf8')
    const second = await callCli(['init', '--name', 'other'], cwd)
    expect(second.exitCode).toBe(3)
    expect(second.stderr).toContain('cluster.yaml: There is such a file already; it was not touched.')
    expect(await readFile(join(cwd, 'cluster.yaml'), 'utf8')).toBe(text)
  })

  test('init leaves no half of a file on a full disk, and names the file', async () => {
    const cwd = join(folder.path, 'full')
    await mkdir(cwd)
    // No file may have a byte.
    const command = `ulimit -f 0; exec ${quoteAll([process.execPath, devPath])} init`
    const failed = await promisify(execFile)('sh', ['-c', command], { cwd }).catch(error => error)
    expect([failed.code, failed.stdout, failed.stderr]).toEqual([1, '', 'cluster.yaml: write failed: EFBIG\n'])
    expect(await readdir(cwd)).toEqual([])
  })

  test('local up does not start a host where its file is taken', async () => {
    const cwd = join(folder.path, 'taken')
    await mkdir(cwd)
    await writeFile(join(cwd, 'taken.yaml'), 'mine')
    const { exitCode, stderr } = await callCli(['local', 'up', '--name', 'taken'], cwd)
    expect(exitCode).toBe(3)
    // Nothing of the progress of hosts that start stands before it.
    expect(stderr).toBe(
      'taken.yaml: the file exists already; it was not changed\n  Choose another name, or overwrite it with --force.\n',
    )
  })

  test('init takes hosts, and keeps the comments', async () => {
    const hosts = ['--host', 'a=192.0.2.1:control-plane+worker', '--host', 'b=node-b.example']
    expect(await evcctl('init', 'given.yaml', '--name', 'lab', ...hosts)).toMatchObject({ exitCode: 0, stderr: '' })
    const { stdout } = await evcctl('validate', 'given.yaml', '--output', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      cluster: 'lab',
      hosts: [
        { name: 'a', address: '192.0.2.1', roles: ['control-plane', 'worker'] },
        { name: 'b', address: 'node-b.example', roles: ['worker'] },
      ],
    })
    expect(await readFile(join(folder.path, 'given.yaml'), 'utf8')).toContain('# network:')
  })

  test.each([
    ['--name', 'Not A Name'],
    ['--host', 'cp1'],
    ['--host', 'cp1=192.0.2.1:king'],
  ])('init refuses %s %s and writes nothing', async (flag, value) => {
    const { exitCode, stderr } = await evcctl('init', 'refused.yaml', flag, value)
    expect(exitCode).toBe(3)
    expect(stderr).not.toMatch(leaks)
    await expect(readFile(join(folder.path, 'refused.yaml'))).rejects.toThrow('ENOENT')
  })

  test('a missing file is told with the command that makes one', async () => {
    const { exitCode, stderr } = await evcctl('plan', 'missing.yaml')
    expect(stderr).toContain('missing.yaml: There is no such file.\n  evcctl init missing.yaml')
    expect(exitCode).toBe(3)
  })

  test.each([
    ['empty', '', 'This file is empty.'],
    ['no YAML', 'a: [1', 'nothing.yaml'],
    ['another kind', 'kind: Pod\n', 'Cluster'],
  ])('a file that is %s ends a command with what is wrong in it', async (name, text, said) => {
    const file = said === 'nothing.yaml' ? said : `${name.replace(' ', '-')}.yaml`
    await writeFile(join(folder.path, file), text)
    const { exitCode, stderr } = await evcctl('apply', file, '--yes')
    expect(stderr).toContain(said)
    expect(stderr).not.toMatch(leaks)
    expect(exitCode).toBe(3)
  })

  test('a folder in the place of a file is told as such', async () => {
    await mkdir(join(folder.path, 'folder.yaml'))
    const { exitCode, stderr } = await evcctl('validate', 'folder.yaml')
    expect(stderr).toContain('folder.yaml')
    expect(stderr).not.toMatch(leaks)
    expect(exitCode).not.toBe(0)
  })

  test('schema prints JSON Schema', async () => {
    const { stdout, exitCode } = await evcctl('schema')
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining('json-schema.org'), type: 'object' })
    expect(exitCode).toBe(0)
  })
})

describe('as a process', () => {
  // Starting one takes long where the machine is busy.
  const patience = { timeout: 60_000 }

  test('errors go to standard error, and the exit code out', patience, async () => {
    const result = await runCli(['plan', 'missing.yaml'], { cwd: folder.path })
    expect(result).toMatchObject({ exitCode: 3, stdout: '', stderr: expect.stringContaining('There is no such file.') })
  })

  test('help goes to standard output', patience, async () => {
    const result = await runCli(['--help'], { cwd: folder.path })
    expect(result).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('COMMANDS') })
  })

  test('a reader that goes away early is no error', patience, async () => {
    const line = `"${process.execPath}" "${devPath}" schema | head -1; exit "$?"`
    const shell = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    shell.stdout.resume()
    shell.stderr.on('data', chunk => {
      stderr += chunk
    })
    const exitCode = await new Promise(resolve => shell.on('close', resolve))
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })
})
