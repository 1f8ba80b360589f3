import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exitCodes, UserError } from '../../src/core/errors.ts'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import { readIdentities } from '../../src/ssh/agent-keys.ts'
import { readSshConfig } from '../../src/ssh/config/index.ts'
import { addKnownHosts, findKnownHost, judgeKey, type KnownHosts } from '../../src/ssh/known-hosts.ts'
import { readKeyFile } from '../../src/ssh/private-key.ts'
import { resolveTarget } from '../../src/ssh/resolve.ts'
import { readServerOffer } from '../../src/ssh/server-offer.ts'
import { anyText } from '../kit/fuzz.ts'
import { newKey } from './server.ts'

const runs = Number(process.env.EVCCTL_FUZZ_RUNS ?? 1_000)
const seed = Number(process.env.EVCCTL_FUZZ_SEED ?? Date.now() % 2 ** 31)
// What one input may take; a run of all is bounded by that of the test.
const mostMs = 1_000

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-fuzz-'))
  console.log(`ssh files: EVCCTL_FUZZ_SEED=${seed}, EVCCTL_FUZZ_RUNS=${runs}`)
})

afterAll(() => rmSync(folder, { recursive: true }))

const config = `Include ~/.ssh/more config.d/*
Host edge *.example !gw.example
    HostName %h.example
    User ubuntu
    Port = 2222
    IdentityFile "~/keys/with blank"
    CertificateFile %d/keys/%r@%h
    UserKnownHostsFile ~/known1 \${HOME}/known2
    ProxyJump ada@[2001:db8::1]:22,ssh://gw
Match host 172.* user ada exec "true"
    StrictHostKeyChecking accept-new
Match final originalhost edge
    KexAlgorithms +diffie-hellman-group14-sha1
    ConnectTimeout 1m30s
    IdentityAgent $SSH_AUTH_SOCK
Host *
    ProxyCommand nc %h %p
`
const pieces = [
  '"',
  "'",
  '\\',
  '#',
  '=',
  '%',
  '%%',
  '${',
  '!',
  '*',
  '?',
  ',',
  '\0',
  '\r',
  '\n',
  '\t',
  '\f',
  '@',
  '[',
  '|1|',
  'Match ',
  'Host ',
  'Include ',
  'none',
  '\u00e9',
  '\ud800',
  'a'.repeat(3_000),
  '*a'.repeat(400),
]

// A few cuts, copies and insertions at places of its own.
function mutated(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(),
    length: fc.nat({ max: 40 }),
    put: fc.oneof(fc.constantFrom(...pieces), anyText(8), fc.constant('')),
  })
  return fc.array(edit, { minLength: 1, maxLength: 6 }).map(edits =>
    edits.reduce((now, { at, length, put }) => {
      const place = at % (now.length + 1)
      return now.slice(0, place) + put + now.slice(place + length)
    }, text),
  )
}

function within<T>(work: () => T): T {
  const began = performance.now()
  try {
    return work()
  } finally {
    expect(performance.now() - began).toBeLessThan(mostMs)
  }
}

const target: SshTarget = { name: 'w1', address: 'edge', agent: true, knownHosts: {}, connectTimeoutMs: 1_000 }

describe('files of ssh that were mutated', () => {
  it('give settings, or an error with file and line', () => {
    const file = join(folder, 'config')
    fc.assert(
      fc.property(
        mutated(config),
        fc.constantFrom('edge', 'gw.example', '172.16.0.1', 'x'.repeat(250)),
        (text, address) => {
          writeFileSync(file, text)
          try {
            within(() => resolveTarget({ ...target, address }, readSshConfig(file)))
          } catch (error) {
            if (!(error instanceof UserError)) throw error
            expect(error.exitCode).toBe(exitCodes.badInput)
            // A chain of jump hosts is no matter of one line.
            if (error.details.where !== 'w1') expect(error.details.where).toMatch(/:\d+$/)
          }
        },
      ),
      { numRuns: runs, seed },
    )
  }, 600_000)

  it('with known hosts never crash, and never make another key known', () => {
    const key = newKey().public.trim()
    const blob = Buffer.from(key.split(' ')[1] ?? '', 'base64')
    const other = Buffer.from(newKey().public.split(' ')[1] ?? '', 'base64')
    const text = `w1,192.0.2.1 ${key}\n[w1]:2222 ${key}\n|1|MDEyMzQ1Njc4OWFiY2RlZmdoaWo=|abc= ${key}\n@revoked * ${key}\n@cert-authority *.example,!gw* ${key}\n`
    fc.assert(
      fc.property(mutated(text), fc.constantFrom('w1', '[w1]:2222', 'a.example', 'a'.repeat(250)), (lines, name) => {
        const hosts: KnownHosts = { plain: new Map(), patterns: [], lines: 0 }
        within(() => {
          addKnownHosts(hosts, lines, 'known_hosts')
          judgeKey(findKnownHost(hosts, name), blob)
          expect(judgeKey(findKnownHost(hosts, name), other).verdict).not.toBe('known')
        })
      }),
      { numRuns: runs, seed },
    )
  }, 600_000)

  it('with keys are read or refused with a reason', () => {
    const key = newKey('ed25519', 'x').private
    fc.assert(
      fc.property(mutated(key), text => {
        expect(within(() => readKeyFile(text, undefined)).kind).toMatch(/^(private|public|encrypted|unusable)$/)
      }),
      { numRuns: runs, seed },
    )
  }, 600_000)

  it('and answers of agents and servers never crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, speaks) => {
        const noise = Buffer.from(bytes)
        within(() => {
          readIdentities(Buffer.concat([Buffer.from([12]), noise]))
          const { greeting } = readServerOffer(speaks ? Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), noise]) : noise)
          expect(greeting).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
        })
      }),
      { numRuns: runs, seed },
    )
    expect(readServerOffer(readFileSync(process.execPath).subarray(0, 65_536)).software).toBeUndefined()
  }, 600_000)
})
