import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { redact, Secret } from '../../src/core/secret.ts'

describe('a Secret', () => {
  const secret = new Secret('s3cr3t-value', 'sudo password')

  test('shows its label, whichever way it is turned into text', () => {
    const shown = [
      `${secret}`,
      String(secret),
      secret.toString(),
      JSON.stringify(secret),
      inspect(secret),
      inspect({ secret }),
    ]
    for (const text of shown) {
      expect(text).toContain('sudo password')
      expect(text).not.toContain('s3cr3t')
    }
    expect(Object.keys(secret)).toEqual(['label'])
    expect(inspect(secret, { showHidden: true })).not.toContain('s3cr3t')
  })

  test('made of another one keeps the label unless told otherwise', () => {
    expect(secret.map(value => `password: ${value}`).label).toBe('sudo password')
    expect(secret.map(value => value, 'config').label).toBe('config')
  })
})

describe('redact', () => {
  test('masks every Secret made so far, everywhere', () => {
    new Secret('hunter2-hunter2', 'a')
    expect(redact('a hunter2-hunter2 and hunter2-hunter2.')).toBe('a <secret> and <secret>.')
  })

  test('masks a value as a whole although a shorter Secret is part of it', () => {
    new Secret('inner-value', 'a')
    new Secret('outer(inner-value)outer', 'b')
    expect(redact('x outer(inner-value)outer y')).toBe('x <secret> y')
  })

  test('masks a value that was read with a line break at its end', () => {
    new Secret('from-a-file\n', 'a')
    expect(redact('password from-a-file refused')).toBe('password <secret> refused')
  })

  test('masks the lines of a key one by one, but not the ordinary lines around them', () => {
    const line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7'
    new Secret(`-----BEGIN PRIVATE KEY-----\n${line}\n-----END PRIVATE KEY-----\n`, 'key')
    expect(redact(`read ${line}`)).toBe('read <secret>')
    expect(redact('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----')
  })

  test('leaves words alone that are too short to be secret', () => {
    new Secret('root', 'a')
    expect(redact('root login')).toBe('root login')
  })

  const odd = new Secret(`pa"ss\\wo\nrd it's 100 %`, 'odd')
  test.each<[string, (value: string) => string]>([
    ['of JSON', value => JSON.stringify(value)],
    ['of URLs', encodeURIComponent],
    ['of a shell', value => `'${value.replaceAll("'", `'\\''`)}'`],
    ['of base64, at any place in it', value => Buffer.from(`me:${value}!`).toString('base64')],
    ['of base64 in its URL alphabet', value => Buffer.from(`i:${value}`).toString('base64url')],
    ['of JSON within JSON', value => JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ['of a web form', value => new URLSearchParams({ v: value }).toString().slice(2)],
    ['of URLs in small letters', value => encodeURIComponent(value).replace(/%../g, code => code.toLowerCase())],
    ['of YAML', value => value.replaceAll("'", "''")],
  ])('masks a value in the form %s', (_, form) => {
    const text = redact(form(odd.reveal()))
    expect(text).toContain('<secret>')
    expect(text.replace('<secret>', '').length).toBeLessThan(10)
  })

  test('masks what Go makes of < > & in JSON', () => {
    new Secret('a<b>&c+d', 'a')
    expect(redact(String.raw`{"a":"a\u003cb\u003e\u0026c+d"}`)).toBe('{"a":"<secret>"}')
  })

  test('masks each line of a value that has several, and of a document only those that are keys', () => {
    new Secret('first-of-two\nsecond-of-two', 'a').map(value => `ordinary line\n${value}`)
    expect(redact('x first-of-two')).toBe('x <secret>')
    expect(redact('second-of-two x')).toBe('<secret> x')
    expect(redact('ordinary line')).toBe('ordinary line')
  })

  test('masks a value that would mean something in a pattern or a replacement', () => {
    new Secret('$&(a|b)*[c', 'a')
    new Secret('(+)$', 'b')
    expect(redact('is $&(a|b)*[c here')).toBe('is <secret> here')
    expect(redact('password: (+)$, and (+)$')).toBe('password: <secret>, and (+)$')
  })

  test('masks a very short value where a value stands', () => {
    new Secret('tiny', 'a')
    for (const text of ['password=X', 'password: X', '{"password":"X"}', 'https://me:X@host', "-p = 'X' "])
      expect(redact(text.replace('X', 'tiny'))).toBe(text.replace('X', '<secret>'))
    expect(redact('a tiny disk')).toBe('a tiny disk')
  })

  test('masks what a host has left of a value at the end of a long line that it cut', () => {
    new Secret('a-token-of-the-host', 'a')
    const line = `${'x'.repeat(290)} a-token-of`
    expect(redact(`${line}\nnext`)).toBe(`${'x'.repeat(290)} <secret>\nnext`)
    expect(redact('short line with a-token-of')).toBe('short line with a-token-of')
  })

  test('masks a short value in ordinary text only as it is', () => {
    new Secret('sesame', 'a')
    expect(redact('sesame')).toBe('<secret>')
    expect(redact(Buffer.from('an open sesame').toString('base64'))).not.toContain('<secret>')
  })
})
