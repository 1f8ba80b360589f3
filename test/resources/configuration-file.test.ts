import { expect, test } from 'vitest'
import { Secret } from '../../src/core/index.ts'
import { configurationFile } from '../../src/resources/files/configuration-file.ts'

const made = (patch: Record<string, unknown>) =>
  configurationFile({ path: '/etc/x', text: JSON.stringify(patch), patches: [patch] }).desired as {
    readonly mode: number
    readonly content: unknown
  }

test.each([
  [{ 'log-opts': { 'splunk-token': 'abc' } }],
  [{ registry: { headers: { 'X-Api-Key': ['abc'] } } }],
  [{ registry: { headers: { Cookie: ['abc'] } } }],
  [{ registry: { configs: { 'r.example': { auth: { username: 'a', password: 'abc' } } } } }],
  [{ proxies: { 'http-proxy': 'http://a:abc@p:3128' } }],
])('what the user wrote is shown to nobody where it has credentials: %j', patch => {
  const { mode, content } = made(patch)
  expect([mode, content instanceof Secret]).toEqual([0o600, true])
})

test.each([
  [{ registry: { mirrors: { 'docker.io': { endpoint: ['https://m.example:5000/v2'] } } } }],
  [{ 'log-opts': { 'max-size': '10m', tag: 'a' } }],
])('else others may read it: %j', patch => {
  expect(made(patch)).toMatchObject({ mode: 0o644, content: JSON.stringify(patch) })
})
