import type { Login } from '../core/login.ts'
import type { Scope } from '../core/scope.ts'
import { Secret } from '../core/secret.ts'
import type { Task } from '../core/task.ts'
import { absent, file } from '../resources/files/index.ts'

/** Host, or host:port, of a registry or mirror → the credentials for it. */
export type RegistryLogins = Readonly<Record<string, Login>>

/** The same, with the passwords in plain text as they are written into a file. */
export type PlainLogins = Readonly<Record<string, { readonly username: string; readonly password: string }>>

/** A configuration file: a Secret if there are logins in it, else plain text. `label` is shown in place of the Secret. */
export function withLogins(
  logins: RegistryLogins,
  render: (logins: PlainLogins) => string,
  label: string,
): string | Secret {
  const entries = Object.entries(logins)
  if (entries.length === 0) return render({})
  const plain = (passwords: readonly string[]) =>
    entries.map(([name, { username }], index) => [name, { username, password: passwords[index]! }])
  return Secret.all(
    entries.map(([, { password }]) => password),
    passwords => render(Object.fromEntries(plain(passwords))),
    label,
  )
}

// The mark by which a later run recognises the file as evcctl's own. Readers of the format look at `auths` only.
const marker = '"managedBy": "evcctl"'

/**
 * A file of logins in Docker's format, which the kubelet and CRI-O read as well (containers-auth.json(5)). Without logins
 * there is no such file; a file that somebody else wrote is left alone then. `nameOf` gives the name by which the reader
 * of the file looks up a registry.
 */
export function declareLogins(
  scope: Scope,
  path: string,
  logins: RegistryLogins,
  { after = [], nameOf = registry => registry }: LoginOptions = {},
): Task {
  if (Object.keys(logins).length === 0) return scope.add(absent({ path, holding: marker }), { after })
  const content = Secret.all(
    // Each one is a Secret of its own, so that it is masked in whatever is printed.
    Object.values(logins).map(({ username, password }) =>
      password.map(plain => Buffer.from(`${username}:${plain}`).toString('base64')),
    ),
    auths => render(Object.fromEntries(Object.keys(logins).map((name, index) => [nameOf(name), auths[index]!]))),
    `content of ${path}`,
  )
  return scope.add(file({ path, mode: 0o600, content }), { after })
}

export interface LoginOptions {
  readonly after?: readonly Task[]
  readonly nameOf?: (registry: string) => string
}

function render(auths: Readonly<Record<string, string>>): string {
  const entries = Object.entries(auths).map(
    ([name, auth]) => `    ${JSON.stringify(name)}: ${JSON.stringify({ auth })}`,
  )
  return `{\n  ${marker},\n  "auths": {\n${entries.join(',\n')}\n  }\n}\n`
}
