import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { temporaryFolder } from '../cli/run-cli.ts'
import { type Answer, runInTerminal } from '../cli/run-in-terminal.ts'
import { startHosts } from './kit/start-hosts.ts'

// The built command line, as users run it.
const evcctlPath = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const password = 'correct horse'

let hosts: LocalHosts
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  folder = await temporaryFolder()
  hosts = await startHosts({
    hosts: [
      { name: 'cp1', roles: ['control-plane'], sudo: 'with password' },
      // As left by an editor: another key in a file without a last line break, and modes that sshd dislikes.
      { name: 'w1', roles: ['worker'], setup: leftByAnEditor },
      { name: 'w2', roles: ['worker'], user: 'root', password: 'battery staple' },
      // Reached through w1 only.
      {
        name: 'far',
        roles: ['worker'],
        sshdConfig: ['KbdInteractiveAuthentication yes', 'AuthenticationMethods keyboard-interactive publickey'],
      },
    ],
    login: { key: false, password },
  })
  await writeFile(join(folder.path, 'cluster.yaml'), clusterFile())
  await writeFile(
    join(folder.path, 'env.yaml'),
    clusterFile().replace('  ssh: {', '  ssh: { password: { fromEnv: LOGIN }, '),
  )
})

afterAll(async () => {
  await hosts?.[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const leftByAnEditor = `install -d -m 0755 -o evcctl -g evcctl /home/evcctl/.ssh
printf 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB bob' >/home/evcctl/.ssh/authorized_keys
chown evcctl: /home/evcctl/.ssh/authorized_keys
chmod 0664 /home/evcctl/.ssh/authorized_keys`

function clusterFile(): string {
  const address = (name: string) => hosts.host(name).address
  return `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: demo }
spec:
  ssh: { user: evcctl, agent: false, knownHosts: { file: ./known_hosts, policy: strict } }
  hosts:
    - { name: cp1, address: ${address('cp1')}, roles: [control-plane], ssh: { sudoPassword: { fromEnv: SUDO } } }
    - { name: w1, address: ${address('w1')}, roles: [worker] }
    - { name: w2, address: ${address('w2')}, roles: [worker], ssh: { user: root, password: { fromEnv: ROOT } } }
    - { name: far, address: ${address('far')}, roles: [worker], ssh: { proxyJump: 'evcctl@${address('w1')}' } }
`
}

function evcctl(args: readonly string[], answers: readonly Answer[] = [], env: NodeJS.ProcessEnv = {}) {
  return runInTerminal([process.execPath, evcctlPath, ...args], {
    cwd: folder.path,
    env: {
      PATH: process.env.PATH,
      HOME: folder.path,
      TERM: 'xterm',
      SUDO: password,
      ROOT: 'battery staple',
      COLUMNS: '200',
      ...env,
    },
    answers,
  })
}

const onHost = async (name: string, command: string) => (await hosts.exec(name, command)).stdout

test('from hosts that take only passwords to a green ping', async () => {
  const hostKeysQuestion = 'Are they theirs? Then they are recorded in known_hosts. [y/N] '
  const { exitCode, screen } = await evcctl(
    ['ssh', 'setup'],
    [
      [hostKeysQuestion, 'y\r'],
      ['Password of evcctl on cp1 and w1: ', 'wrong one\r'],
      ['That was not right. Password of evcctl on cp1: ', `${password}\r`],
      ['That was not right. Password of evcctl on w1: ', `${password}\r`],
      [hostKeysQuestion, 'y\r'],
      ['Password of evcctl on far: ', `${password}\r`],
    ],
  )
  expect(screen).toMatch(/^cp1 +✔ recorded +✔ installed +✔ +✔ sudo with password$/m)
  expect(screen).toMatch(/^w1 +✔ recorded +✔ installed +✔ +✔ sudo$/m)
  expect(screen).toMatch(/^w2 +✔ recorded +✔ installed +✔ +✔ root$/m)
  expect(screen).toMatch(/^far +✔ recorded +✔ installed +✔ +✔ sudo$/m)
  expect(screen).toContain('4 hosts of 4 can be worked on. Next: evcctl ping cluster.yaml')
  expect(screen).not.toMatch(/wrong one|correct horse|battery staple/)
  expect(exitCode).toBe(0)

  const shown = /^w1 .*(SHA256:\S+)$/m.exec(screen)?.[1]
  expect(await onHost('w1', 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).toContain(shown)
  const publicKey = await readFile(join(folder.path, '.ssh', 'id_ed25519.pub'), 'utf8')
  expect(await onHost('w1', 'cat /home/evcctl/.ssh/authorized_keys')).toBe(
    `ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB bob\n${publicKey}`,
  )
  expect(await onHost('w2', 'cat /root/.ssh/authorized_keys')).toBe(publicKey)
  const listing = `stat -c '%a %U %n' /home/evcctl/.ssh /home/evcctl/.ssh/*`
  for (const name of ['cp1', 'w1', 'far'])
    expect(await onHost(name, listing)).toBe(
      '700 evcctl /home/evcctl/.ssh\n600 evcctl /home/evcctl/.ssh/authorized_keys\n',
    )

  const ping = await evcctl(['ping'])
  expect(ping.screen).toContain('4 of 4 hosts can be worked on.')
  expect(ping.exitCode).toBe(0)
})

test('a second run writes nothing, and needs no password', async () => {
  const before = await onHost('w1', 'stat -c "%i %z" /home/evcctl/.ssh/authorized_keys')
  const { exitCode, screen } = await evcctl(['ssh', 'setup'], [], { ROOT: 'no longer right' })
  expect(screen).toContain('4 hosts of 4 can be worked on already; nothing was written.')
  expect(exitCode).toBe(0)
  expect(await onHost('w1', 'stat -c "%i %z" /home/evcctl/.ssh/authorized_keys')).toBe(before)
})

test('a second key gets in with passwords of the environment; a sudo password that is not named is asked of the file', async () => {
  await writeFile(
    join(folder.path, 'bare.yaml'),
    (await envFile()).replace(', ssh: { sudoPassword: { fromEnv: SUDO } }', ''),
  )
  const args = ['ssh', 'setup', 'bare.yaml', '--identity-file', 'second', '-o', 'json']
  const { exitCode, screen } = await evcctl(args, [], { LOGIN: password, HOME: join(folder.path, 'other-home') })
  const lines = screen
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines.map(({ host, key, login, ok }) => [host, key, login, ok])).toEqual([
    ['cp1', 'installed', 'ok', false],
    ['w1', 'installed', 'ok', true],
    ['w2', 'installed', 'ok', true],
    ['far', 'installed', 'ok', true],
  ])
  expect(lines[0].error.next).toContain('spec.ssh.sudoPassword')
  expect(exitCode).toBe(4)
  expect(await onHost('cp1', 'wc -l </home/evcctl/.ssh/authorized_keys')).toBe('2\n')
})

const envFile = () => readFile(join(folder.path, 'env.yaml'), 'utf8')
