import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { newKey, startServer } from './server.ts'
import { hostError, output, pool } from './support.ts'

const password = new Secret('correct horse', 'LOGIN')

describe('what a server says and does while one logs in', () => {
  it('is shown where the login is refused: its banner, without control characters and bounded', async () => {
    await using server = await startServer({ banner: `\u001b[2J\u0007System is going down.\r\n${'x'.repeat(20_000)}` })
    await using subject = pool(server.target({ identityFiles: [] }))
    const { actual } = (await hostError(output(subject, 'true'), 'login')).details
    expect(actual).toContain('the server says: System is going down.')
    expect(actual).not.toMatch(/[\u001b\u0007]/)
    expect(actual?.length).toBeLessThan(3_000)
  })

  it('is waited for where it takes the key and then closes the connection, as while it boots', async () => {
    await using server = await startServer({ closeAfterProof: 1 })
    await using subject = pool(server.target())
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(server.connections).toBe(2)
  })

  it('is told as it is when that goes on, with the way to see why', async () => {
    await using server = await startServer({ closeAfterProof: 100, banner: 'Your account has expired' })
    await using subject = pool(server.target({ user: 'ada', connectTimeoutMs: 1_500 }))
    const { problem, actual, next } = (await hostError(output(subject, 'true'), 'login')).details
    expect(problem).toBe('it took the login of ada and then closed the connection: the account may not log in')
    expect(actual).toContain('the server says: Your account has expired')
    expect(actual).not.toContain('MaxAuthTries')
    expect(next).toContain('chage -l ada')
  })

  it('names an expired password that it tells of by the protocol', async () => {
    await using server = await startServer({ password: 'correct horse', passwordExpired: true })
    await using subject = pool(server.target({ user: 'ada', identityFiles: [], password }))
    const error = await hostError(output(subject, 'true'), 'login')
    expect(error.details.problem).toBe('the password of ada has expired')
    expect(error.details.next).toMatch(/^Change it: ssh -t .*ada@127\.0\.0\.1/)
    expect(error.message).not.toContain('correct horse')
  })

  it('gets no password to another question: it could become the new one', async () => {
    await using server = await startServer({ keyboardInteractive: 'correct horse', thenAsks: 'New password: ' })
    await using subject = pool(server.target({ user: 'ada', identityFiles: [], password }))
    const error = await hostError(output(subject, 'true'), 'login')
    expect(error.details.problem).toBe('after the password of ada, the server asks for more')
    expect(error.details.actual).toContain('it asks: New password:')
    expect(server.answers).toEqual([])
  })

  it('gives the password twice where two modules ask the same question, and not more often', async () => {
    await using server = await startServer({ keyboardInteractive: 'correct horse', thenAsks: 'Password: ' })
    await using subject = pool(server.target({ identityFiles: [], password }))
    await hostError(output(subject, 'true'), 'login')
    expect(server.answers).toEqual(['correct horse'])
  })
})

describe('algorithms', () => {
  it('that have nothing in common are named, with the line for sshd_config', async () => {
    await using server = await startServer({ algorithms: { kex: ['diffie-hellman-group14-sha1'] } })
    await using subject = pool(server.target())
    const { problem, expected, actual, next } = (await hostError(output(subject, 'true'), 'unreachable')).details
    expect(problem).toBe('it and evcctl have no key exchange algorithm in common')
    expect(expected).toContain('curve25519-sha256')
    expect(actual).toMatch(/^ssh2js\S* offers: diffie-hellman-group14-sha1/)
    expect(next).toContain('KexAlgorithms +curve25519-sha256')
  })

  it.each([
    ['KexAlgorithms +diffie-hellman-group14-sha1', { kex: ['diffie-hellman-group14-sha1'] }],
    ['MACs hmac-sha1', { cipher: ['aes128-ctr'], hmac: ['hmac-sha1'] }],
    ['Ciphers ^aes256-cbc', { cipher: ['aes256-cbc'] }],
  ] as const)('that are weak are used only where the configuration asks for them: %s', async (line, algorithms) => {
    await using server = await startServer({ algorithms: algorithms as never })
    await using without = pool(server.target())
    await hostError(output(without, 'true'), 'unreachable')
    const sshConfigFile = join(server.folder, 'config')
    await writeFile(sshConfigFile, `Host *\n ${line}\n`)
    await using subject = pool(server.target(), { sshConfigFile })
    expect(await output(subject, 'echo in')).toBe('in\n')
  })

  it('of the configuration that evcctl does not have are named before anything is sent', async () => {
    await using server = await startServer({ hostKeys: [newKey().private] })
    const sshConfigFile = join(server.folder, 'config')
    await writeFile(sshConfigFile, 'KexAlgorithms sntrup761x25519-sha512@openssh.com\n')
    await using subject = pool(server.target(), { sshConfigFile })
    const { problem, actual } = (await hostError(output(subject, 'true'), 'unreachable')).details
    expect(problem).toBe('the ssh configuration allows it no key exchange algorithm that evcctl supports')
    expect(actual).toBe('KexAlgorithms sntrup761x25519-sha512@openssh.com')
    expect(server.connections).toBe(0)
  })
})
