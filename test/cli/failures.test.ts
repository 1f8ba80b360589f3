import { expect, test } from 'vitest'
import { showFailure } from '../../src/cli/terminal/failures.ts'
import { HostError, UserErrors } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'

const options = { json: false, debug: false, command: 'plan', flags: [] }

function shown(error: unknown, json = false): string {
  let text = ''
  showFailure(error, { ...options, json }, more => {
    text += more
  })
  return text
}

const failure = (host: string, problem: string) =>
  new HostError(host, 'unreachable', { where: `${host} (192.0.2.1:22)`, problem })

test('what a host says reaches neither the terminal nor a reader of JSON as it is', () => {
  const hostile = failure('w1', 'bye \u001b]0;owned\u0007\u001b[2J\u009b31m\u202etxt\r\n\u001b[1Aover')
  for (const text of [shown(hostile), shown(hostile, true)]) {
    expect(text).toContain('bye')
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  }
})

test('a secret with quotes, backslashes and line breaks is masked in text and in JSON', () => {
  const password = new Secret('pass"word\\with\nmany things', 'password')
  const error = failure('w1', `sudo said: ${password.reveal()}`)
  expect(shown(error)).toContain('sudo said: <secret>')
  const [one] = (JSON.parse(shown(error, true)) as { errors: { problem: string }[] }).errors
  expect(one?.problem).toBe('sudo said: <secret>')
})

test('the same error of a thousand hosts is one, with the names of the first; each of them is in the JSON', () => {
  const hosts = Array.from({ length: 1000 }, (_, index) => failure(`w${index}`, 'connection refused'))
  const errors = new UserErrors([...hosts, failure('x1', 'no route to host')])
  const text = shown(errors)
  expect(text.split('\n').length).toBeLessThan(10)
  expect(text).toContain('w0 (192.0.2.1:22), w1 (192.0.2.1:22), w2 (192.0.2.1:22) and 997 more: connection refused')
  expect(text).toContain('x1 (192.0.2.1:22): no route to host')
  expect((JSON.parse(shown(errors, true)) as { errors: unknown[] }).errors).toHaveLength(1001)
})

test('a text without end is cut', () => {
  expect(shown(failure('w1', 'x'.repeat(1_000_000))).length).toBeLessThan(10_000)
})
