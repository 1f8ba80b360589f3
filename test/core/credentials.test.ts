import { expect, test } from 'vitest'
import { hideCredentials } from '../../src/core/credential-text.ts'
import { withoutSecretValues } from '../../src/core/credential-values.ts'
import { hideCredential, withoutCredentials } from '../../src/core/credentials.ts'
import { missingFrom } from '../../src/resources/support/subset.ts'

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
  expect(hideCredentials(shown)).toBe(shown)
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
  'certificateKey: s3cret',
  'kubeadm join --certificate-key s3cret',
  'x --certificate-key=s3cret',
  'url: https://h/a?token=s3cret&x=1',
  'https://h/blob?sig=s3cret',
  'GET /a?access_token=s3cret',
  'curl -u a:s3cret https://h/',
  "curl --user 'a:b s3cret' https://h/",
  'db_pass: s3cret',
  'dbPass=s3cret',
  'tokens: [a,\n  s3cret]',
  'tokens: [a,\ns3cret\n]',
  '{"tokens": [\n"s3cret"\n]}',
  '"credentials": {\n"a": "s3cret"\n},',
  'password: "a\n  s3cret"',
  'PASSWORD="a\ns3cret"',
  "x --password 'a s3cret' y",
  'x --password a\\ s3cret y',
  '["--token", "s3cret"]',
  '- --token\n- s3cret',
  'passwords:\n  admin: s3cret',
  'tokens:\n- s3cret',
  'Authorization:\n- Basic s3cret',
  'password: a\n  s3cret',
  '- value: s3cret\n  other: 1\n  name: API_TOKEN',
  '- value: |\n    s3cret\n  name: API_TOKEN',
  '{"value":"s3cret","name":"API_TOKEN"}',
  '{"name":"API_TOKEN","value":"a,s3cret"}',
  '{\\"password\\":\\"s3cret\\"}',
  'password: ""s3cret',
  'connect root:s3cret@host',
  'token: !a!b s3cret',
  'password: P:w@s3cret',
  'password = p:q@s3cret',
  'DB_PASSWORD=P:w@s3cret',
  '--password=a:b@s3cret',
  'PASSWORD=a:b@c:d@s3cret',
  'CURL_OPTS="-u ada:s3cret"',
  '${CURL} -u ada:s3cret https://h',
  'curl_retry -u ada:s3cret https://h/',
  'Environment="CURL_OPTIONS= -u ada:s3cret"',
  'ExecStart=/opt/fetch.sh -u ada:s3cret',
  'args: ["-u", "ada:s3cret"]',
  'sudo curl -u ada:s3cret https://h/',
  'password: |\r\n  s3cret',
  'password: |\r  s3cret\ra: 1',
  'password: |\u2028  s3cret',
  'password: a\rs3cret',
  'password: a\u2029 s3cret',
  '- name: API_TOKEN\r\n  value: s3cret\r\n',
  '- value: s3cret\r\n  name: API_TOKEN\r\n',
  'args:\r\n- --token\r\n- s3cret\r\n',
  '{\r\n  "name": "API_TOKEN",\r\n  "value": "s3cret"\r\n}',
  'tokens: [a,\r\n  s3cret]\r\n',
  '[host."https://x".header]\n  X-JFrog-Art-Api = ["s3cret"]',
  '[host."https://x".header]\n  A = [\n  "a",\n  "s3cret",\n]',
  '[host."https://x".headers]\r\n  # why\r\n\r\n  "X-JFrog-Art-Api" = "s3cret"\r\n',
  'header = { X-Api = "s3cret" }',
  'headers:\n  X-Api: s3cret',
  'headers:\n- X-Api=s3cret',
  'headers: {X-Api: s3cret}',
  'header: "X-Api: s3cret"',
  '"headers": {\n"X-Api": "s3cret"\n}',
  '{"url": "a", "headers": {"X-Api": "s3cret"}}',
  'x --token \\\n  s3cret --port 1',
  'x --token=\\\n  s3cret',
  'x --token \\\r\n  a\\\r\ns3cret',
  'curl -u \\\n  ada:s3cret https://h/',
  'PASSWORD=\\\ns3cret',
  'PASSWORD=a\\\ns3cret',
  'PASSWORD=\\\n"a\ns3cret"',
  'x --token \\\n"a\ns3cret"',
  'Environment=PASSWORD=\\\n a s3cret',
  '- {name: A_TOKEN,\n   value: s3cret}',
  '- {name: A_TOKEN, x: 1,\n   y: 2, value: s3cret}',
  '[{"name": "A_TOKEN",\n"value": "s3cret"}]',
  '- {value: s3cret,\n   name: A_TOKEN}',
  '[a.password]\nvalue = "s3cret"',
  '[tokens]\n  ada = 2\n  "a.b" = """\ns3cret\n"""',
  '[passwords."ada@x"]\na = "s3cret"',
  'passwords."a" = "s3cret"',
  'a[password]=s3cret',
  'a["password"] = "s3cret"',
  "password['x'] = 's3cret'",
  '? password\n: s3cret',
  '- ? password\n  : |\n    s3cret',
  'auth:\n  basic: s3cret',
  '{"auth":{"basic":"s3cret"}}',
  'auth: {mode: x, bearer: s3cret}',
  '--token=~,s3cret',
  '--token=true,s3cret',
  'token: ~#s3cret',
  'curl -sS \\\n  -su u:s3cret https://h/',
  '"auth": {\n  "bearer": "s3cret"\n}',
  'curl -su u:s3cret https://h/',
  'curl -fsSLu u:s3cret https://h/',
  'DBPASS=s3cret',
  'MYSQL_PWD=s3cret',
  'PresharedKey = s3cret',
  'PreSharedKey = s3cret',
  'psk="s3cret"',
  'a b : PSK "s3cret"',
  'apiVersion: v1\nkind: Secret\ndata:\n  a: s3cret\n',
  'apiVersion: v1\nstringData:\n  a: |\n    s3cret\nkind: Secret\n',
  '{"kind":"Secret","data":{"a":"s3cret"}}',
  '{\n  "data": {\n    "a": "s3cret"\n  },\n  "kind": "Secret"\n}',
  'last-applied: "{\\"kind\\":\\"Secret\\",\\"data\\":{\\"a\\":\\"s3cret\\"}}"',
])('a credential is hidden in whatever form: %j', text => {
  const shown = hideCredentials(text)
  expect(shown).toContain('<hidden>')
  expect(shown).not.toContain('s3cret')
  // Some texts are searched more than once on their way.
  expect(hideCredentials(shown)).toBe(shown)
})

test.each([
  ['password: 12345678', 'password: <hidden>'],
  ['"token": "a", "b": "c"', '"token": <hidden>, "b": "c"'],
  ['curl -H "Authorization: Bearer x" https://u:p@gate/', 'curl -H "Authorization: <hidden>" https://<hidden>@gate/'],
  ['x --token abc --port 1', 'x --token <hidden> --port 1'],
  ['Environment="API_TOKEN=a b" "X=1"', 'Environment="API_TOKEN=<hidden>" "X=1"'],
  ['tokens: [a,\n  b]\nc: 1', 'tokens: <hidden>\nc: 1'],
  ['password: "a\n  b"\nc: 1', 'password: <hidden>\nc: 1'],
  ["password: 'it\nc: 1", 'password: <hidden>\nc: 1'],
  ['password: |\r\n  a\r\n  b\r\nc: 1\r\n', 'password: |\r\n  <hidden>\r\nc: 1\r\n'],
  ['password: |\n  a\n', 'password: |\n  <hidden>\n'],
  ['token: a\r\n', 'token: <hidden>\r\n'],
  ['token: a\r\nc: 1\rd: 2\n', 'token: <hidden>\r\nc: 1\rd: 2\n'],
  ['[a.header]\nb = "c"\nd = 1\n[e]\nf = "g"', '[a.header]\nb = <hidden>\nd = 1\n[e]\nf = "g"'],
  ['headers:\n  a: b\nc: 1', 'headers:\n  <hidden>\nc: 1'],
  ['x --token \\\n  a --port 1 \\\n  --b c', 'x --token <hidden>\n  <hidden> --port 1 \\\n  --b c'],
  ['x --token a \\\n  --port 1', 'x --token <hidden> \\\n  --port 1'],
  ['PASSWORD=a \\\nx --port 1', 'PASSWORD=<hidden>\nx --port 1'],
  ['curl -u \\\n  a:b https://h/', 'curl -u \\\n  <hidden> https://h/'],
  [
    '- {name: A_TOKEN,\n   value: a}\n- {name: B,\n   value: c}',
    '- {name: A_TOKEN,\n   value: <hidden>\n- {name: B,\n   value: c}',
  ],
  ['? password\n: a\nb: 1', '? password\n: <hidden>\nb: 1'],
  ['auth:\n  basic: a\nbasic: b', 'auth:\n  basic: <hidden>\nbasic: b'],
  [
    'kind: Secret\ndata:\n  a: b\nmetadata: c\n---\nkind: ConfigMap\ndata:\n  a: b\n',
    'kind: Secret\ndata:\n  <hidden>\nmetadata: c\n---\nkind: ConfigMap\ndata:\n  a: b\n',
  ],
])('only the credential is hidden in %j', (text, shown) => {
  expect(hideCredentials(text)).toBe(shown)
  expect(hideCredentials(shown)).toBe(shown)
})

test.each([
  [
    'Environment="API_TOKEN=a b" "X=1"\nplain\nEnvironment="Y=2"',
    'Environment="API_TOKEN=<hidden>" "X=1"\nplain\nEnvironment="Y=2"',
  ],
  ["sh -c 'PASSWORD=abc make'\nit's two", "sh -c 'PASSWORD=<hidden>'\nit's two"],
  ['"args": "--token=abc --v=2"\nand "more"', '"args": "--token=<hidden>"\nand "more"'],
  ['sh -c "TOKEN=a b"c d', 'sh -c "TOKEN=<hidden>" d'],
])('the quote that ends a credential is shown, so the lines after it are, too: %j', (text, shown) => {
  expect(hideCredentials(text)).toBe(shown)
  expect(hideCredentials(shown)).toBe(shown)
})

test('a difference after a credential is still seen in the fields of a change', () => {
  const fields = missingFrom({ args: 'sh -c "TOKEN=a b" "x"' }, { args: 'sh -c "TOKEN=a b" "y"' })
  expect(withoutCredentials({ action: 'update', fields }).fields).toEqual([
    { field: 'args', before: 'sh -c "TOKEN=<hidden>" "y"', after: 'sh -c "TOKEN=<hidden>" "x"' },
  ])
})

test('a long line is hidden as a whole only where a name tells of a credential', () => {
  const long = 'x'.repeat(600)
  expect(hideCredentials(`${long} https://ada:s3cret@h/a?limit=500 failed`)).toBe(
    `${long} https://<hidden>@h/a?<hidden> failed`,
  )
  expect(hideCredentials(`${long} token=s3cret failed`)).toBe('<hidden>')
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
  ['places of secrets', 'tokenFile: /run/t\ntlsPrivateKeyFile: /a.pem\nsecretName: web\n--token-auth-file=/a.csv\n'],
  ['settings of an API server', '--authorization-mode=Node,RBAC\n--tls-cert-file=/a.crt --bind-address=::\n'],
  ['a token that is not mounted', 'automountServiceAccountToken: false\n"use-service-account-credentials": "true"\n'],
  ['counts', 'max-tokens: 4\nconcurrent-serviceaccount-token-syncs: "5"\n'],
  ['a user by number', 'docker run -u 1000:1000 a\n'],
  [
    'flags of other programs',
    'date -u 10:15:21\nsort -u file:line\njournalctl -u kubelet: x\ndocker run -u root:root a\n',
  ],
  ['nothing with a comment', 'token: ~ # why\n{"token":null,"a":1}\na: {token: ~, b: c}\n'],
  ['settings below a login', 'authorization:\n  mode: Webhook\nauth:\n  mode: x\n  basic:\n    enabled: true\n'],
  ['a login by nothing', 'auth:\n  basic: true\n'],
  ['a rule of sudo', 'ada ALL=(ALL) NOPASSWD: ALL\n'],
  ['directories', 'PWD=/root\nOLDPWD=/\npwd: /srv\n--pwd=/srv\n'],
  ['what is no password', 'bypass: a\nCOMPASS=b\nhpas: a\nUSER_MAPS=c\n'],
  ['headers by name', '--requestheader-username-headers=X-Remote-User\n--requestheader-extra-headers-prefix=X-\n'],
  ['tables of containerd', '[plugins."a.cri".registry.configs."token".tls]\n  ca_file = "/a"\n[[a]]\nb = "c"\n'],
  ['data of others', 'kind: ConfigMap\ndata:\n  a: b\n'],
  ['a store', 'kind: SecretStore\ndata:\n  a: b\n'],
  ['settings with indices', 'a[0] = 1\nb["c"] = d\ne."f" = "g"\n- ? a\n  : b\n'],
  ['commands in several lines', 'docker run -u \\\n 1000:1000 \\\n  a\n'],
  ['all ends of lines', 'a\r\nb\rc\u2028d\u2029e\n\r\n'],
  ['addresses', 'server: https://registry.example:5000/v2\nhosts: ["user@host"]\n'],
])('%s stays as it is', (_, text) => {
  expect(hideCredentials(text)).toBe(text)
})

test('texts that differ only in the ends of their lines still differ, also with credentials in them', () => {
  const text = 'a: 1\ntoken: s3cret\n- name: API_TOKEN\n  value: s3cret\npassword: |\n  s3cret\nb: 2\n'
  const shown = ['\n', '\r\n', '\r'].map(end => hideCredentials(text.replaceAll('\n', end)))
  expect(new Set(shown).size).toBe(3)
  expect(shown.join('')).not.toContain('s3cret')
})

test('a field with a telling name is hidden whatever it holds', () => {
  expect(hideCredential('spec.registry.password', 'x')).toBe('<hidden>')
  expect(hideCredential('spec.registry.Authorization.0', 'Basic x')).toBe('<hidden>')
  expect(hideCredential('registry.headers.Cookie.0', 'x')).toBe('<hidden>')
  expect(hideCredential('spec.hosts.0', 'w1')).toBe('w1')
  expect(hideCredential('spec.registry.host', 'http://a:b@c')).toBe('http://<hidden>@c')
  expect(hideCredential('spec.maxPods', '110')).toBe('110')
  expect(hideCredential('a.apiTokens.0', 'x')).toBe('<hidden>')
  expect(hideCredential('a.apiTokens[0]', 'x')).toBe('<hidden>')
  expect(hideCredential('env[API_TOKEN].value', 'x')).toBe('<hidden>')
  expect(hideCredential('kubelet a["x.y/token"]', 'x')).toBe('<hidden>')
  expect(hideCredential('cilium.values.passwords.admin', 'x')).toBe('<hidden>')
  expect(hideCredential('a.passwords.adminTokenFile', '/x')).toBe('/x')
  expect(hideCredential('Deployment token-reviewer spec.replicas', '2')).toBe('2')
  expect(hideCredential('authorization.mode', 'Webhook')).toBe('Webhook')
  expect(hideCredential('a.args[0]', 'x')).toBe('x')
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

test('of a text with very many lines that may tell the first ones are shown, and how much more there is', () => {
  const shown = hideCredentials(`${'key=1\n\n'.repeat(20_000)}a: 1\n${'token: s3cret\n'.repeat(10)}`)
  expect(shown).toBe(`${'key=1\n\n'.repeat(20_000)}a: 1\n(140 more characters that are not shown)`)
  expect(hideCredentials(shown)).toBe(shown)
  const all = `${'\r\n'.repeat(100_000)}token: 1`
  expect(hideCredentials(all)).toBe(all.replace('1', '<hidden>'))
})

test('in a tree, names tell what is secret, wherever they stand', () => {
  const secret = 's3cret'
  const shown = withoutSecretValues({
    extraEnvs: [{ name: 'AWS_SECRET_ACCESS_KEY', value: secret }],
    extraArgs: [
      { name: 'oidc-client-secret', value: secret },
      { name: 'authorization-mode', value: 'Node,RBAC' },
      { name: 'token-auth-file', value: '/a.csv' },
    ],
    auth: { mode: 'x', tokenFile: '/t', secretName: 'web', basic: secret, bearer: [secret] },
    passwords: { admin: secret, users: [{ a: secret }, 1234] },
    args: ['--token', secret, '--v', '2'],
    url: `https://h/?token=${secret}`,
    headers: { Cookie: [secret] },
    password: 12345678,
    objects: [
      { kind: 'Secret', data: { a: secret }, stringData: { b: secret } },
      { kind: 'ConfigMap', data: { a: 'b' } },
    ],
    automountServiceAccountToken: false,
    maxPods: 110,
  })
  expect(JSON.stringify(shown)).not.toMatch(/s3cret|1234/)
  expect(shown).toMatchObject({
    extraArgs: [{ name: 'oidc-client-secret' }, { value: 'Node,RBAC' }, { value: '/a.csv' }],
    args: ['--token', '<hidden>', '--v', '2'],
    objects: [{}, { data: { a: 'b' } }],
    auth: { mode: 'x', tokenFile: '/t', secretName: 'web' },
    automountServiceAccountToken: false,
    maxPods: 110,
  })
})

test('a note is shown without the credentials in it', () => {
  const note = 'on this machine: curl -H "Authorization: Bearer S3CRETVALUE" https://u:S3CRETPASS@gate/'
  expect(withoutCredentials({ action: 'run', fields: [], note }).note).toBe(
    'on this machine: curl -H "Authorization: <hidden>" https://<hidden>@gate/',
  )
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
