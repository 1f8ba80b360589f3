import { expect, test } from 'vitest'
import { withoutSecretLines } from '../../src/config/masking.ts'
import { tellsOf } from '../../src/core/credential-names.ts'
import { hideCredentials } from '../../src/core/credential-text.ts'
import { withoutSecretValues } from '../../src/core/credential-values.ts'
import { hideCredential } from '../../src/core/credentials.ts'
import { configurationFile } from '../../src/resources/files/configuration-file.ts'

const secret = 's3cret'

const names = [
  ...['password', 'passwd', 'Password', 'PASSWORD', 'passWord', 'PassWord', 'passPhrase', 'passphrase', 'pass_phrase'],
  ...[
    'DB_PASSWORD',
    'dbPassword',
    'dbPassWord',
    'password1',
    'password_2',
    'passwords',
    'registry.password',
    'passwordProfile',
  ],
  ...['secret', 'clientSecret', 'client_secret', 'secret_key', 'SECRET', 'secret.name2', 'xsecretx'],
  ...['token', 'tokens', 'id_token', 'bearer.token', 'tokenValue', 'token2', 'toKen', 'foo.token.bar'],
  ...['authorization', 'Authorization', 'proxy-authorization', 'authorizationHeader', 'authorization_header'],
  ...['x-authorization-key', 'auth', 'basicauth', 'basic_auth', 'basicAuth', 'BASIC_AUTH'],
  ...[
    'credential',
    'credentials',
    'credentialData',
    'apiKey',
    'api_key',
    'APIKEY',
    'apikeys',
    'api.key',
    'apiKeyProfile',
  ],
  ...['accessKey', 'access-key-id', 'privateKey', 'private_key_pem', 'privatekeydata', 'clientkey', 'client-key-data'],
]

const forms: Readonly<Record<string, (name: string) => string>> = {
  YAML: name => `${name}: ${secret}`,
  'YAML in quotes': name => `"${name}": "${secret}"`,
  'YAML with blanks': name => `${name} : ${secret}`,
  'an item of YAML': name => `a:\n  - ${name}: ${secret}`,
  'a list': name => `${name}: [${secret}]`,
  'a line below': name => `${name}:\n  ${secret}`,
  'a block': name => `${name}: |\n  ${secret}`,
  'a folded block': name => `${name}: >-\n\n  ${secret}`,
  'an anchor': name => `${name}: &a ${secret}`,
  'a tag': name => `${name}: !!str ${secret}`,
  'a text with a hash': name => `${name}:  "a#${secret}"`,
  'a text with a quote': name => `${name}: "a\\"${secret}"`,
  'a text that begins like a number': name => `${name}: 7${secret}`,
  'a text that begins like a switch': name => `${name}: true${secret}`,
  'a text that begins like nothing': name => `${name}: null${secret}`,
  'a comment': name => `# ${name}: ${secret}`,
  'an INI file': name => `${name}:${secret}`,
  'after a carriage return': name => `x\r${name}: ${secret}`,
  TOML: name => `${name} = "${secret}"`,
  'TOML with tabs': name => `${name}\t=\t${secret}`,
  'TOML in several lines': name => `${name} = """\n${secret}\n"""`,
  JSON: name => `{"a":1,"${name}":"${secret}"}`,
  'JSON in JSON': name => `"{\\"${name}\\":\\"${secret}\\"}"`,
  'a variable': name => `${name}=${secret}`,
  'a variable of a shell': name => `export ${name}='${secret}'`,
  'a variable of a unit': name => `Environment="${name}=${secret}"`,
  'a variable of a container': name => `-e ${name}=${secret}`,
  'a variable in a list': name => `- ${name}=${secret}`,
  'a flag': name => `x --${name} ${secret}`,
  'a flag with a value': name => `x --${name}=${secret}`,
  'an entry': name => `- name: ${name}\n  value: ${secret}`,
  'an entry by its value': name => `- value: ${secret}\n  name: ${name}`,
  'an entry of JSON': name => `{"name":"${name}","value":"${secret}"}`,
}

test.each(Object.entries(forms))('every telling name hides its value in %s', (_, form) => {
  const shown = names.map(name => hideCredentials(form(name)))
  expect(shown.filter(text => text.includes(secret))).toEqual([])
  expect(shown.map(hideCredentials)).toEqual(shown)
})

test.each([
  ['a setting', (name: string) => `spec.${name}`],
  ['an element of a list', (name: string) => `spec.${name}.0`],
])('every telling name hides what a path ends in: %s', (_, path) => {
  // A dot begins a further step of the path.
  const steps = names.filter(name => name !== 'api.key')
  expect(steps.filter(name => hideCredential(path(name), secret) !== '<hidden>')).toEqual([])
})

test('every telling name hides its value in a tree, and makes the file that it is in private', () => {
  const trees = (name: string) => [{ [name]: secret }, { a: [{ [name]: [secret] }] }, { args: [`--${name}`, secret] }]
  const shown = names.filter(name => JSON.stringify(withoutSecretValues(trees(name))).includes(secret))
  expect(shown).toEqual([])
  const modes = names.flatMap(name =>
    trees(name).map(tree => configurationFile({ path: '/a.json', text: JSON.stringify(tree), patches: [tree] })),
  )
  expect(new Set(modes.map(({ desired }) => desired.mode))).toEqual(new Set([0o600]))
})

test.each(['YAML', 'YAML in quotes', 'an item of YAML', 'a list', 'a line below', 'a block', 'JSON', 'a comment'])(
  'every telling name hides its value in an excerpt of cluster.yaml: %s',
  form => {
    expect(names.filter(name => withoutSecretLines(forms[form]!(name)).includes(secret))).toEqual([])
  },
)

test.each([
  ...[
    '--authorization-mode',
    'authorization-mode',
    'authorizationMode',
    '--authorization-config',
    'tokenFile',
    'secretName',
  ],
  ...['--authorization-kubeconfig', '--authorization-webhook-cache-authorized-ttl', '--authorization-webhook-version'],
  ...[
    '--authorization-always-allow-paths',
    'imagePullSecret',
    'NOPASSWD',
    'PWD',
    '--pwd',
    'OLDPWD',
    'bypass',
    'authority',
  ],
])('%s tells where or how, and hides nothing', name => {
  expect(tellsOf(name)).toBe('nothing')
})

test('what is below an authorization is shown, unless it is a text', () => {
  const settings = { authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s' } } }
  expect(withoutSecretValues(settings)).toEqual(settings)
  expect(hideCredentials('authorization: {mode: Webhook}')).toBe('authorization: {mode: Webhook}')
})
