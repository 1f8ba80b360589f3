import { describe, expect, it } from 'vitest'
import { checkDaemon, checkDockerHost } from '../../src/local/docker-host.ts'

describe('DOCKER_HOST', () => {
  it.each(['unix:///var/run/docker.sock', 'tcp://192.0.2.1:2375', 'tcp://docker:2376', 'https://docker:2376'])(
    'may be %s',
    dockerHost => expect(() => checkDockerHost(dockerHost)).not.toThrow(),
  )

  it.each(['/var/run/docker.sock', 'localhost:2375', 'unix://', 'ssh://ann@docker', 'nonsense'])(
    'is named where it is %s',
    dockerHost =>
      expect(() => checkDockerHost(dockerHost)).toThrow(
        new RegExp(
          `^DOCKER_HOST: .*not the address[^]*expected +unix:///[^]*actual +${dockerHost}\n[^]*unset DOCKER_HOST`,
        ),
      ),
  )

  it('is named where another daemon answered in its place', () => {
    expect(() => checkDaemon('unix:///run/mine.sock', { socketPath: '/run/mine.sock' })).not.toThrow()
    expect(() => checkDaemon('tcp://docker:2375', { host: 'docker' })).not.toThrow()
    const usual = { socketPath: '/var/run/docker.sock' }
    for (const dockerHost of ['unix:///run/mine.sock', 'tcp://docker:2375'])
      expect(() => checkDaemon(dockerHost, usual)).toThrow('no Docker daemon answers there')
  })
})
