import { expect, test } from 'vitest'
import { hideCredential, hideCredentials, withoutCredentials } from '../../src/core/credentials.ts'

test.each([
  ['TOML of containerd', 'username = "ada"\npassword = "pass word"\n  auth = "YWRhOnB3"\n', ['pass word', 'YWRhOnB3']],
  ['a header', '[header]\n  Authorization = ["Basic YWRhOnB3"]\n', ['YWRhOnB3']],
  ['JSON of Docker', '{ "auths": { "r": { "auth": "YWRhOnB3", "identitytoken": "eyJh" } } }', ['YWRhOnB3', 'eyJh']],
  [
    'YAML',
    'a:\n  client-key-data: LS0tLS1C\n  token: abc.def\n  secretAccessKey: AKIA123\n',
    ['LS0t', 'abc.def', 'AKIA'],
  ],
  ['a password that should have been encoded', 'proxy http://ada:pw/12?34@proxy:3128\n', ['ada', 'pw/', '34']],
  ['a unit', 'Environment="HTTPS_PROXY=http://ada:pw1234@proxy:3128"\n', ['ada:pw1234']],
  ['a unit with a setting', 'Environment="DB_PASSWORD=abc def" "X=1"\n', ['abc', 'def']],
  ['an environment variable of a container', '    - name: VAULT_TOKEN\n      value: s.abc\n    - name: A\n', ['s.abc']],
  ['a block of YAML', 'password: |\n  first\n\n  second\nuser: ada\n', ['first', 'second']],
  [
    'a private key',
    'x\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAAAA\n-----END RSA PRIVATE KEY-----\ny\n',
    ['MIIE', 'AAAA'],
  ],
])('%s is shown without what is secret in it', (_, text, secrets) => {
  const shown = hideCredentials(text)
  expect(shown).toContain('<hidden>')
  for (const secret of secrets) expect(shown).not.toContain(secret)
})

test.each([
  '- name: API_TOKEN\n  value: |\n    s3cret',
  '- name: API_TOKEN\n  value:\n    s3cret',
  '- value: s3cret\n  name: API_TOKEN',
  '"name": "API_TOKEN",\n"value": "s3cret"',
  '- name: "API_TOKEN" # comment\n  # another\n  value: s3cret',
  '- {name: API_TOKEN, value: s3cret}',
  '- name: SECRET_KEY\n  value: "a\n   s3cret"',
  'password:\n  s3cret',
  'password = """\na\ns3cret\n"""',
  'token: &a |\n  s3cret',
  'token: !!str |\n  s3cret',
  'token: | # x\n  s3cret',
  'Environment=DB_PASSWORD=s3cret',
  'ExecStart=/x --token s3cret',
  'http://user:p@ss:s3cret@h/',
  'machine x login u password s3cret',
])('a credential is hidden in whatever form: %j', text => {
  const shown = hideCredentials(text)
  expect(shown).toContain('<hidden>')
  expect(shown).not.toContain('s3cret')
})

test('what follows a credential is shown', () => {
  expect(
    hideCredentials('- password: |\n    a\n  user: ada\n- name: A_KEY_SECRET\n  value: b\n- name: C\n  value: d\n'),
  ).toBe('- password: |\n    <hidden>\n  user: ada\n- name: A_KEY_SECRET\n  value: <hidden>\n- name: C\n  value: d\n')
})

test.each([
  ['names of no secrets', '- name: PATH\n  value: /bin\n- name: A_TOKEN\n  valueFrom: {}\nnotes: |\n  a\n'],
  ['a block', 'authentication:\n  anonymous:\n    enabled: false\nauthorization:\n  mode: Webhook\n'],
  ['switches and numbers', 'token: true\npasswordLength: 12\ntokenTTL: 0\nauth: {}\n'],
  ['an image by its digest', 'image: oci://registry.example:5000/pause@sha256:0a1b\n'],
  ['addresses', 'server: https://registry.example:5000/v2\nhosts: ["user@host"]\n'],
])('%s stays as it is', (_, text) => {
  expect(hideCredentials(text)).toBe(text)
})

test('a field with a telling name is hidden whatever it holds', () => {
  expect(hideCredential('spec.registry.password', 'x')).toBe('<hidden>')
  expect(hideCredential('spec.registry.Authorization.0', 'Basic x')).toBe('<hidden>')
  expect(hideCredential('registry.headers.Cookie.0', 'x')).toBe('<hidden>')
  expect(hideCredential('spec.hosts.0', 'w1')).toBe('w1')
  expect(hideCredential('spec.registry.host', 'http://a:b@c')).toBe('http://<hidden>@c')
  expect(hideCredential('spec.maxPods', '110')).toBe('110')
})

// With patterns that can be kept busy, these would not end within the time of a test.
test.each([
  ['one long word', 'token'.repeat(50_000)],
  ['many long words', `${'token'.repeat(95)}\n`.repeat(500)],
  ['keys without an end', `${'-----BEGIN A PRIVATE KEY-----'.repeat(50)}\n`.repeat(150)],
  ['more than anybody reads', 'x'.repeat(10_000_000)],
])('a text that is made to keep a pattern busy is done with: %s', (_, text) => {
  expect(hideCredentials(text).length).toBeLessThanOrEqual(text.length)
})

test.each([
  ['tags without blanks', `token: ${'!a'.repeat(200)} x y`],
  ['anchors without blanks', `token: ${'&a'.repeat(200)} x y`],
  ['tags', `token: ${'!a '.repeat(130)} x: [`],
  ['names', `${'token-'.repeat(80)}x`],
  ['quotes', `password: ${'"\\'.repeat(200)}`],
  ['dashes', `${'- '.repeat(200)}token x`],
])('a line of many %s costs no more than others', (_, line) => {
  // Where a pattern tries every way to cut such a line up, this never ends.
  expect(hideCredentials(`${line}\nfoo\n`)).toContain('\nfoo')
})

test('the note of a change, as the command of a gate, is shown without credentials', () => {
  const command = 'curl -H "Authorization: Bearer S3CRETVALUE" https://ada:S3CRETPASS@gate.example/'
  const { note } = withoutCredentials({ action: 'run', fields: [], note: `on this machine: ${command}` })
  expect(note).toContain('on this machine: curl')
  expect(note).not.toMatch(/S3CRET/)
})

test('an element of a list has the name of the list, however its path is written', () => {
  expect(hideCredential('a.apiTokens.0', 'x')).toBe('<hidden>')
  expect(hideCredential('a.apiTokens[0]', 'x')).toBe('<hidden>')
  expect(hideCredential('a.args[0]', 'x')).toBe('x')
})
