import { expect, test } from 'vitest'
import { explainDownload } from '../../src/resources/artifacts/download-failure.ts'

const download = { url: 'https://dl.k8s.io/kubelet', sha256: 'a'.repeat(64), site: 'dl.k8s.io' }
const explain = (...lines: string[]) =>
  explainDownload({ step: 0, exitCode: 80, stdout: '', stderr: lines.join('\n') }, download)
const said = 'curl: (60) SSL certificate problem: certificate is not yet valid'

test('a certificate error of a host whose clock is wrong is told as what it is', () => {
  const details = explain('curl 60', 'clock 3600', said)
  expect(details?.problem).toBe(
    'The clock of the host is wrong, so that the TLS certificate of dl.k8s.io is not valid there.',
  )
  expect(details?.actual).toBe('Thu, 01 Jan 1970 01:00:00 GMT')
  expect(details?.next).toContain('timedatectl set-ntp true')
})

test('a certificate error of a host whose clock is right is one of trust', () => {
  const now = Math.round(Date.now() / 1000)
  for (const lines of [
    ['curl 60', `clock ${now}`, said],
    ['curl 60', said],
  ]) {
    const details = explain(...lines)
    expect(details?.problem).toBe('The host does not trust the TLS certificate of dl.k8s.io.')
    expect(details?.actual).toBe(said)
  }
})
