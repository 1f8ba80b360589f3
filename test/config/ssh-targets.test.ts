import { describe, expect, it } from 'vitest'
import { sshTargets } from '../../src/config/index.ts'
import { Secret, UserErrors } from '../../src/core/index.ts'
import { cluster, controlPlane, parse, worker, workerWith } from './cluster-file.ts'

const noFile = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

describe('ssh targets', () => {
  it('say how each host is reached', async () => {
    const spec = parse(
      cluster(
        'ssh: { user: ada, knownHosts: { file: known }, password: { fromEnv: LOGIN }, passphrase: { fromFile: p } }',
        [controlPlane, workerWith('ssh: { port: 2222, proxyJump: gw, agent: false, sudoPassword: { fromEnv: SUDO } }')],
      ),
    )
    const targets = await sshTargets(spec, {
      env: { LOGIN: 'open-sesame', SUDO: 'geronimo' },
      readFile: () => 'phrase\n',
    })
    expect(targets[1]).toMatchObject({
      name: 'w1',
      address: '192.0.2.21',
      user: 'ada',
      port: 2222,
      proxyJump: 'gw',
      agent: false,
      knownHosts: { files: ['/site/known'] },
      connectTimeoutMs: 20_000,
    })
    const values = [targets[1]?.password, targets[1]?.sudoPassword, targets[1]?.passphrase].map(secret =>
      secret?.reveal(),
    )
    expect(values).toEqual(['open-sesame', 'geronimo', 'phrase'])
    expect(targets[0]?.sudoPassword).toBeUndefined()
    expect(JSON.stringify(targets)).not.toContain('sesame')
  })

  it.each([
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o604, true],
    [0o644, true],
    // A pipe, such as <(pass show sudo).
    [0, false],
  ])('warn, once, of a secret in a file of mode %o: %s', async (mode, warned) => {
    const spec = parse(cluster('ssh: { sudoPassword: { fromFile: ./pw } }', [controlPlane, worker]))
    const warnings: string[] = []
    await sshTargets(spec, { readFile: () => 'geronimo\n', mode: () => mode, warn: text => warnings.push(text) })
    const shown = mode.toString(8).padStart(4, '0')
    const text = `/site/cluster.yaml:5:24  spec.ssh.sudoPassword: others can read /site/pw (mode ${shown}). Next: chmod 600 /site/pw`
    expect(warnings).toEqual(warned ? [text] : [])
  })

  it('asks once for each place of the file', async () => {
    const questions: string[] = []
    const prompt = async (question: string): Promise<Secret> => {
      questions.push(question)
      return new Secret(`answer ${questions.length}`, 'answer')
    }
    const spec = parse(
      cluster('ssh: { sudoPassword: { prompt: true } }', [
        controlPlane,
        worker,
        '{ name: w2, address: 192.0.2.22, roles: [worker], ssh: { sudoPassword: { prompt: true } } }',
      ]),
    )
    const targets = await sshTargets(spec, { prompt })
    expect(questions).toEqual(['sudo password for cp1, w1', 'sudo password for w2'])
    expect(targets.map(target => target.sudoPassword?.reveal())).toEqual(['answer 1', 'answer 1', 'answer 2'])
  })

  it.each([
    ['{ fromEnv: NOT_SET }', 'The environment variable NOT_SET is not set.'],
    ['{ fromEnv: EMPTY }', 'The environment variable EMPTY is empty.'],
    ['{ fromFile: gone }', 'There is no such file: /site/gone'],
    ['{ prompt: true }', 'There is no terminal to ask for the sudo password on.'],
  ])('name the place of a secret that cannot be had: %s', async (source, problem) => {
    const spec = parse(cluster(`ssh: { sudoPassword: ${source} }`))
    const error = await sshTargets(spec, { env: { EMPTY: '' }, readFile: noFile }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserErrors)
    expect((error as UserErrors).errors).toHaveLength(1)
    expect(error).toMatchObject({
      exitCode: 3,
      details: { where: '/site/cluster.yaml:5:24  spec.ssh.sudoPassword', problem },
    })
  })
})
