import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { clusterHealth } from '../../src/cli/status/cluster-health.ts'
import { isHealthy, readStatus } from '../../src/cli/status/cluster-status.ts'
import { readHostAnswer } from '../../src/cli/status/health-answer.ts'
import { statusText } from '../../src/cli/status/status-text.ts'
import { createPaint } from '../../src/report/index.ts'
import { sampleCertificate } from '../engine/sample-certificate.ts'
import { anyText, fuzzing } from '../kit/fuzz.ts'
import { specOf } from '../playbooks/given.ts'
import { nodesListed, podsListed } from './listed.ts'

const spec = specOf()
const now = Date.parse('2026-12-01T00:00:00Z')
const line = (name: string, words: string) => `${name}=0 200 ${Buffer.from(words).toString('base64')}`
const health = [
  line('kubelet', 'ok'),
  line('api', '[-]etcd failed'),
  line('etcd', '{"health":"true"}'),
  line('members', '{"members":[{"name":"cp1"},{"name":"w1","isLearner":true}]}'),
  line('endpoint0', '{"health":"false"}'),
].join('\n')
const certificates = ['/etc/kubernetes/pki/apiserver.crt', '/etc/kubernetes/admin.conf']
  .map(path => `certificate ${path} ${sampleCertificate}`)
  .join('\n')
const status = { conditions: [{ type: 'Ready', status: 'False', message: 'x' }], nodeInfo: { kubeletVersion: 'v1' } }
const lists = [
  nodesListed([{ metadata: { name: 'cp1', labels: { a: 'b' } }, spec: {}, status }]),
  podsListed([{ metadata: { name: 'p' }, spec: { nodeName: 'cp1' }, status: { ...status, phase: 'Running' } }]),
  'ok',
  JSON.stringify({ gitVersion: 'v1.36.4' }),
].map(text => `api=answered\n${text}`)

const odd = fc.oneof(
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{}',
    '-1',
    '1e999',
    '[null]',
    '{"items":[null]}',
    '{"items":{}}',
    '"x"',
    '\u001b[2J',
  ),
  fc.constantFrom('absent', '999', 'members=0 200 bnVsbA==', 'etcd=0 200 W10=', 'x'.repeat(5000), '__proto__'),
  anyText(30),
)
// Of words and JSON values, so that most of an answer stays what a host says.
const edit = fc.tuple(fc.constantFrom('token', 'cut', 'double', 'insert'), fc.nat(), odd)

function mutated(text: string, [kind, at, value]: readonly [string, number, string]): string {
  const tokens = text.split(/([\s=,:[\]{}"]+)/)
  const index = at % tokens.length
  if (kind === 'token') tokens[index] = value
  else if (kind === 'double') tokens.splice(index, 0, ...tokens.slice(index, index + 10))
  else if (kind === 'insert') tokens.splice(index, 0, value)
  else return text.slice(0, at % (text.length + 1))
  return tokens.join('')
}

test('whatever hosts answer, there is a status that a terminal can show', { timeout: 3_600_000 }, () => {
  const edits = fc.array(edit, { maxLength: 6 })
  fc.assert(
    fc.property(fc.tuple(edits, edits, fc.tuple(edits, edits, edits, edits)), ([ofHealth, ofFiles, ofLists]) => {
      const raw = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' })
      const answer = readHostAnswer(raw(ofHealth.reduce(mutated, health)), raw(ofFiles.reduce(mutated, certificates)))
      const found = readStatus(
        spec,
        lists.map((text, index) => raw(ofLists[index]!.reduce(mutated, text))),
      )
      const whole = clusterHealth(spec, new Map([['cp1', answer]]), now)
      isHealthy(found, whole)
      const text = statusText(found, {
        name: 'lab',
        file: 'f',
        reset: kubeadm.byHand.reset,
        paint: createPaint(false),
        health: whole,
      })
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
      JSON.stringify({ found, whole })
    }),
    fuzzing('answers to status'),
  )
})
