/*
 * Which names tell that a value is a password or a key, and in which forms a URL holds one. Both nets have them from here: the one
 * that hides texts of hosts (credentials.ts), and the one that masks excerpts of cluster.yaml (masking.ts of the configuration).
 * No pattern here looks at a character more often than a fixed number of times.
 */

// A typing error, as in `pasword`, makes a password no less secret.
const telling =
  /pas+-?w(?:or)?d|pas+-?phrase|(?:^|-)pas+$|secret|token|credential|(?:api|access|private|client|certificate|encryption|signing|shared)-?key|(?:^|-)psk$/
// As in DBPASS and MYSQL_PWD. A bypass and a working directory (PWD, OLDPWD) are none.
const tellingEnd = /pass$(?<!(?:by|com|tres|sur|over|under)pass)|pwd$(?<!(?:^-*|old-?)pwd)/
// A header of HTTP, or a login as text. A mapping below such a name has settings, such as the mode of an authorization.
const tellingOfText = /^(?:basic-?)?auth$|authorization|(?:^|-)cookie$/
/** What a login may be below `auth`. */
export const scheme = /^(?:basic|bearer|digest)$/i
// What tells where a secret is, or how long it lasts, is none. NOPASSWD of sudo says that there is none.
const reference =
  /(?:(?<!pro)file|path|dir|directory|name|ref|reference|ttl|length|expiration|expiry|seconds|mode|policy|type|audience|issuer)s?$|(?:^|-)pull-?secrets?$|^no-?pas+wd$|^authorization-.*(?:config|version)$/
// Other names with a telling word may count something: `max-tokens`.
const neverCounts = /(?:pas+-?w(?:or)?d|pas+-?phrase|pas+|pwd|psk|secret|credential)s?$|(?:token|key)$/

/** What a name tells of the value: nothing, that a text or a list of texts is secret, or that everything below is. */
export type Tells = 'nothing' | 'text' | 'everything'

/** Judges the name of a setting, a flag or a key, in any way of writing: `db_pass`, `clientSecret`, `--certificate-key`. */
export function tellsOf(name: string): Tells {
  const forms = formsOf(name)
  if (forms.some(form => reference.test(form))) return 'nothing'
  if (forms.some(form => telling.test(form) || tellingEnd.test(form))) return 'everything'
  return forms.some(form => tellingOfText.test(form)) ? 'text' : 'nothing'
}

/** Whether a name says where a secret is, so that its value is shown even below a telling name: `tokenFile`, `secretName`. */
export function isReference(name: string): boolean {
  const forms = formsOf(name)
  return forms.some(form => reference.test(form)) && forms.some(form => telling.test(form))
}

/** Whether a name is that of the headers of HTTP, each of which may hold a credential. */
export function isHeader(name: string): boolean {
  return /^headers?$/i.test(name)
}

/** Whether a number under a telling name is as secret as a text. */
export function hidesNumbers(name: string): boolean {
  return formsOf(name).some(form => neverCounts.test(form))
}

// A name in small letters, without the dashes of a flag: cut into words at its capitals, as in `dbPass`, and as it is, as in `passWord`.
function formsOf(name: string): readonly string[] {
  const plain = name.replace(/^-+/, '').replace(/[_.]/g, '-')
  const words = plain.replace(/([a-z\d])([A-Z])/g, '$1-$2').toLowerCase()
  const joined = plain.toLowerCase()
  return words === joined ? [words] : [words, joined]
}

// `user:password@` of a URL. The password may contain an @, although no valid URL does.
const userInfo = /(?<=:\/\/)[^\s/?#'"]*(?=@)/g
// Whatever stands before an @, as far back as the last one. The digest of an image begins with an @, too.
const beforeAt = /(?<![^\s'"@])[^\s'"@]+(?=@(?!sha\d+:))/g
// A password there, also without a scheme before it or with a slash in it. A port before the path of an image is none.
const login = /(?<![^/:[\]{},])[^/:[\]{},]+:(?!\/\/|\d+[/?#,]|$)/
// The query of a URL may hold tokens and signatures. The match starts at the last `://` before the question mark.
const query = /(\w:\/\/(?:(?!:\/\/)[^\s?"'])*\?)([^\s"']+)/g

/** Hides each `user:password@` and each query of a URL in a text; `hide` returns what is shown in place of one. */
export function hideInUrls(text: string, hide: (secret: string) => string): string {
  const plain = text.includes('@')
    ? text.replace(userInfo, hide).replace(beforeAt, part => {
        const at = login.exec(part)?.index
        return at === undefined ? part : part.slice(0, at) + hide(part.slice(at))
      })
    : text
  return plain.includes('?') ? plain.replace(query, (_, url: string, asked: string) => url + hide(asked)) : plain
}
