import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { typeOf } from '../../src/ssh/fields.ts'
import { addKnownHosts, findKnownHost, judgeKey, type KnownHosts } from '../../src/ssh/known-hosts.ts'
import { newKey } from './server.ts'

const key = newKey().public.trim()
const blob = Buffer.from(key.split(' ')[1]!, 'base64')
const otherBlob = Buffer.from(newKey().public.split(' ')[1]!, 'base64')

function read(text: string): KnownHosts {
  const hosts: KnownHosts = { plain: new Map(), patterns: [], lines: 0 }
  addKnownHosts(hosts, text, 'known_hosts')
  return hosts
}

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij')
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}

describe('known_hosts', () => {
  it.each([
    ['a plain name', `w1 ${key}`, 'w1', true],
    ['a name in other letters', `W1.Example ${key}`, 'w1.example', true],
    ['one of several names', `w0,w1,192.0.2.21 ${key}`, '192.0.2.21', true],
    ['a port', `[w1]:2222 ${key}`, '[w1]:2222', true],
    ['another port', `[w1]:2222 ${key}`, 'w1', false],
    ['a hashed name', `${hashed('w1')} ${key}`, 'w1', true],
    ['a hashed name with a port', `${hashed('[w1]:2222')} ${key}`, '[w1]:2222', true],
    ['another hashed name', `${hashed('w2')} ${key}`, 'w1', false],
    ['a wildcard', `*.example,!gw.example ${key}`, 'w1.example', true],
    ['a negation', `*.example,!gw.example ${key}`, 'gw.example', false],
    ['a negation alone', `!w2 ${key}`, 'w1', false],
    ['a question mark', `w? ${key}`, 'w1', true],
    ['a dot that is no wildcard', `w1.example* ${key}`, 'w1xexample', false],
    ['a comment', `# w1 ${key}`, 'w1', false],
    ['a line that cannot be read', 'w1 ssh-ed25519', 'w1', false],
    ['an unknown marker', `@something w1 ${key}`, 'w1', false],
    ['blanks and a comment at the end', `  w1\t${key} me@laptop with blanks`, 'w1', true],
  ])('finds by %s', (_what, text, name, found) => {
    const entries = findKnownHost(read(`\n${text}\n`), name)
    expect(entries.map(entry => entry.line)).toEqual(found ? [2] : [])
  })

  it.each([
    ['ssh-ed25519', 'ssh-ed25519'],
    ['sk-ssh-ed25519@openssh.com', 'sk-ssh-ed25519@openssh.com'],
    ['x\n* ssh-rsa AAAA', 'unknown'],
    ['a b', 'unknown'],
    ['\x1b[2J', 'unknown'],
    ['', 'unknown'],
  ])('names the type of a key, which a server writes, as %j', (written, type) => {
    expect(typeOf(Buffer.concat([Buffer.from([0, 0, 0, written.length]), Buffer.from(written)]))).toBe(type)
  })

  it('counts lines on when lines are added', () => {
    const hosts = read('a x y\n\nb z z\n')
    addKnownHosts(hosts, `w1 ${key}\n`, 'known_hosts')
    expect(findKnownHost(hosts, 'w1')[0]?.line).toBe(4)
  })

  it('judges keys', () => {
    const judge = (text: string, shown: Buffer): string => judgeKey(findKnownHost(read(text), 'w1'), shown).verdict
    expect(judge(`w1 ${key}`, blob)).toBe('known')
    expect(judge(`w1 ${key}`, otherBlob)).toBe('changed')
    expect(judge(`w1 ssh-rsa AAAA\nw1 ${key}`, blob)).toBe('known')
    expect(judge('', blob)).toBe('unknown')
    expect(judge(`w1 ${key}\n@revoked w1 ${key}`, blob)).toBe('revoked')
    expect(judge(`@revoked * ${key}\nw1 ${key}`, otherBlob)).toBe('changed')
  })

  it('takes a certificate authority neither for a host key nor for a change', () => {
    const text = `@cert-authority *.example ${key}`
    expect(judgeKey(findKnownHost(read(text), 'w1.example'), blob)).toEqual({
      verdict: 'unknown',
      authorities: [expect.objectContaining({ marker: 'cert-authority', line: 1 })],
    })
  })
})
