import { describe, expect, it } from 'vitest'
import { certificateToHandOn, pemToHandOn, serverToHandOn } from '../../src/resources/support/handed-on.ts'
import { throwAwayCa } from './certificate.ts'

const { pem } = throwAwayCa()

describe('what one host says and others are given', () => {
  it('is a certificate, with the comments that stand around it', () => {
    expect(pemToHandOn(pem, 'CERTIFICATE')).toBe(pem)
    const commented = `# names: cp1\nCertificate:\n\tData:\n${pem}`
    expect(pemToHandOn(commented, 'CERTIFICATE')).toBe(commented)
  })

  it.each([
    ['nothing', ''],
    ['another label', pem.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
    ['no end', pem.slice(0, 200)],
    ['words within', pem.replace('\n', '\n$(id)\n')],
    ['terminal sequences', `\u001b[2J${pem}`],
    ['a zero byte', `${pem}\0`],
    ['more than a certificate can be', `${'# x\n'.repeat(20_000)}${pem}`],
  ])('is no text with %s', (_, text) => {
    expect(pemToHandOn(text, 'CERTIFICATE')).toBeUndefined()
  })

  it('is one certificate, without what a host has put around it', () => {
    expect(certificateToHandOn(`x\nEND\nrm -rf /\n${pem.replaceAll('\n', '\r\n')}\nEND\nid >/tmp/x\n`)).toBe(pem)
    expect(certificateToHandOn(pem.trimEnd())).toBe(pem)
  })

  it.each([
    ['nothing', ''],
    ['two certificates', pem + pem],
    ['words for a certificate', '-----BEGIN CERTIFICATE-----\n$(id)\n-----END CERTIFICATE-----\n'],
    ['no end', pem.slice(0, 200)],
    ['more than a certificate can be', `${'# x\n'.repeat(20_000)}${pem}`],
  ])('is not one certificate where there is %s', (_, text) => {
    expect(certificateToHandOn(text)).toBeUndefined()
  })

  it.each(['https://192.0.2.11:6443', 'https://[2001:db8::1]:6443', 'https://api.example'])('is the server %s', url => {
    expect(serverToHandOn(url)).toBe(url)
  })

  it.each([
    '',
    'http://192.0.2.11',
    'https://',
    'https://a b',
    'https://$(id):1',
    'https://a/b',
    'https://u@a',
    'https://a\n',
  ])('is not the server %j', url => {
    expect(serverToHandOn(url)).toBeUndefined()
  })
})
