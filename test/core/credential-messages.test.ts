import { expect, test } from 'vitest'
import { hideInOutput } from '../../src/core/credential-text.ts'
import { HostError } from '../../src/core/errors.ts'
import { presentableText, shownDetails } from '../../src/core/shown.ts'
import { stepFailed } from '../../src/engine/task-errors.ts'
import { tail } from '../../src/engine/text.ts'
import { refusedAfterPassword, silentAfterPassword, wrongPassword } from '../../src/ssh/sudo.ts'

test.each([
  'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://h/token: 403 Forbidden',
  'failed to fetch oauth token: Post "https://r.example/token": dial tcp: lookup r.example: no such host',
  'error downloading certs: error downloading the secret: Secret "kubeadm-certs" was not found in the "kube-system" Namespace.',
  'open /etc/kubernetes/pki/apiserver-etcd-client.key: permission denied',
  'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "x": secret is not of the expected length, got 5',
  'resources[0].aescbc.keys[0].secret: unset',
  'passwd: Authentication token manipulation error\npasswd: password unchanged',
  'chpasswd: cannot lock /etc/passwd; try again later.',
  'sudo: unable to read password: Input/output error',
  'sudo password from $SUDO_PASSWORD: Sorry, try again.',
  'sudo password from ~/.sudo-password: refused',
  'error getting credentials - err: exec: "docker-credential-ecr-login": executable file not found in $PATH, out: ``',
  'unable to load --encryption-provider-config: secret: must be 32 bytes',
  'error: invalid value "abc" for flag --token: must be in form [a-z]\nUsage:\n  kubeadm join [flags]',
  '{"level":"fatal","error":"auth-token: invalid value simple2"}',
  'client-key: x509: failed to parse it',
  'password required for ada',
  'failed to fetch token: EOF',
  'failed to read the token: permission denied',
  'sort -u file:line; date -u 10:15:21',
])('the reason in the output of a program is shown: %j', text => {
  expect(hideInOutput(text)).toBe(text)
})

test.each([
  'password: s3cret',
  '- token: s3cret',
  '{"token": "a b c s3cret"}',
  'a: {token: s3cret}',
  'token=a b c s3cret',
  'x --token s3cret is wrong',
  'x --token=s3cret is wrong',
  'curl -H "Authorization: Bearer s3cret" https://h/ is closed',
  "+ curl -H 'X-Auth-Token: s3cret' https://gate/",
  '> Authorization: Basic s3cret',
  'sent the header Authorization: Bearer s3cret',
  'Authorization: Bearer s3cret failed again today',
  'error: token: s3cret1 is not valid any more',
  'passphrase: correct horse s3cret staple',
  'error: https://ada:s3cret@h/?q=s3cret is not found here',
  'password: |\n  s3cret',
  'token:\n  s3cret',
  'machine h login ada password s3cret',
  'the key:\n-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----',
  'kind: Secret\ndata:\n  a: s3cret\n',
  'Generated admin password: s3cret',
  'root password: s3cretZk9',
  'New token: ghp_s3cret1234',
  'Bootstrap token: abcdef.s3cret12345678',
  'sending header X-Api-Token: s3cret',
  'user: ada password: s3cret',
  '> Cookie: lang=en; session=s3cret; a=b',
  'Set-Cookie: theme=dark; sid=s3cret; Path=/',
  'headers: a b s3cret',
  'using header Cookie: a b s3cret',
  'password: P:w@s3cret',
])('a credential in the output of a program is hidden: %j', text => {
  const shown = hideInOutput(text)
  expect(shown).toContain('<hidden>')
  expect(shown).not.toContain('s3cret')
  expect(hideInOutput(shown)).toBe(shown)
})

const pull =
  'E0930 failed to fetch anonymous token: unexpected status from GET request to https://h/token?scope=a: 403 Forbidden'

test('the reason of a failed step reaches the user, however often its error is searched', () => {
  const task = { id: 'a', host: 'w1', role: 'r', resource: { kind: 'script', name: 'images' } } as never
  const stderr = `+ curl -H 'X-Auth-Token: s3cret' https://gate/\n${pull}\n{"reason": "closed until 06:00"}\nit's over`
  const error = stepFailed(task, [{ run: 'x' }], { step: 0, exitCode: 1, stderr, stdout: '' })
  const shown = `+ curl -H 'X-Auth-Token: <hidden>' https://gate/
E0930 failed to fetch anonymous token: unexpected status from GET request to https://h/token?<hidden> 403 Forbidden
{"reason": "closed until 06:00"}
it's over`
  expect(error.actual).toBe(`exit code 1\n${shown}`)
  const host = new HostError('w1', 'unfit', { problem: 'x', actual: tail(stderr) })
  expect(host.details.actual).toBe(shown)
  expect(shownDetails(host.details).actual).toBe(shown)
  expect(presentableText(shown)).toBe(shown)
})

test('the own words of evcctl are shown as they are', () => {
  const details = { problem: 'password: none', expected: 'token: a text', actual: 'password: s3cret' }
  expect(shownDetails(details)).toEqual({ ...details, actual: 'password: <hidden>' })
})

const endpoint = { host: 'w1', user: 'ada', port: 22, identitiesGiven: false } as never

test.each(['$SUDO_PASSWORD', '~/.sudo-password', '/run/password'])(
  'the words of sudo are shown after the name of the password from %s',
  from => {
    const label = `sudo password from ${from}`
    expect(wrongPassword(endpoint, label, 'Sorry, try again.\n').details.actual).toBe(`${label}: Sorry, try again.`)
    expect(silentAfterPassword(endpoint, label, 30, 'Verification code:').details.actual).toBe(
      `${label}: Verification code:`,
    )
    expect(refusedAfterPassword(endpoint, label, 1, 'token=s3cret').details.actual).toBe(`${label}: token=<hidden>`)
  },
)
