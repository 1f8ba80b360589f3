/** A function that reads a whole text. */
export interface CostlyReader {
  readonly name: string
  /** The largest text that the reader gets, in bytes. */
  readonly most: number
  read(text: string): void
}

export type Text = (bytes: number) => string

export const filled =
  (unit: string, begin = '', end = ''): Text =>
  bytes =>
    `${begin}${unit.repeat(Math.max(1, Math.floor((bytes - begin.length - end.length) / unit.length)))}${end}`

export const counted =
  (of: (number: number) => string, begin = '', end = ''): Text =>
  bytes => {
    const parts: string[] = []
    let length = begin.length + end.length
    for (let number = 0; length < bytes; number++) {
      const part = of(number)
      length += part.length
      if (length <= bytes) parts.push(part)
    }
    return `${begin}${parts.join('')}${end}`
  }

/** Text about things that refer to each other, as many as fit into the size. */
const squared =
  (of: (one: number, other: number) => string, begin = '', end = ''): Text =>
  bytes => {
    const count = Math.max(2, Math.floor(Math.sqrt(bytes / of(100, 100).length)))
    return (
      filled('', begin, end)(0) +
      ''.concat(...Array.from({ length: count ** 2 }, (_, at) => of(Math.floor(at / count), at % count)))
    )
  }

/** Texts that take a careless reader a long time. */
export const plain = {
  blanks: filled(' '),
  newlines: filled('\n'),
  'one long line': filled('x'),
  'blanks in a word': filled(' ', 'x', 'x'),
  'double quotes': filled('"'),
  'single quotes': filled("'"),
  'one open quote': filled('\\"', '"'),
  dashes: filled(' --'),
  digits: filled('1'),
  'lines of equal signs': filled('=\n'),
  lists: filled('[', '', ''),
  mappings: filled('{"a":'),
  'closing brackets': filled('}'),
  commas: filled(',', '['),
  keys: counted(number => `k${number}: 1\n`),
  'keys of JSON': counted(number => `"k${number}":1,`, '{', '"k":1}'),
  'one key again and again': filled('a: 1\n'),
  aliases: filled('- *a\n', '- &a [1]\n'),
  anchors: counted(number => `- &a${number} 1\n- *a${number}\n`),
  tags: filled('!a '),
  'flags of a kubelet': counted(number => `--f${number}=1 `, 'KUBELET_KUBEADM_ARGS="', '"\n'),
  'blanks among the flags of a kubelet': filled(' ', 'KUBELET_KUBEADM_ARGS="--a=b', '"\n'),
  'a sysctl again and again': filled('/proc/sys/net/ipv4/ip_forward:1\n'),
  'blocks of systemctl show': filled('Names=kubelet.service\nId=a\n\n'),
  'chains that lead to each other': squared(
    (one, other) => `iptables=-A ${one === 0 ? 'INPUT' : `c${one}`} -j c${other}\n`,
  ),
  'chains one after the other': counted(
    number => `iptables=-A ${number === 0 ? 'INPUT' : `c${number}`} -j c${number + 1}\n`,
  ),
  'chains of nftables that lead to each other': bytes => {
    const count = Math.floor(Math.sqrt(bytes / 70))
    const name = (number: number) => (number === 0 ? 'input' : `c${number}`)
    const chain = (number: number) => `{"chain":{"name":"${name(number)}"${number === 0 ? ',"hook":"input"' : ''}}}`
    const rule = (one: number, other: number) =>
      `{"rule":{"chain":"${name(one)}","expr":[{"jump":{"target":"c${other}"}}]}}`
    const numbers = Array.from({ length: count }, (_, number) => number)
    return `nft={"nftables":[${[...numbers.map(chain), ...numbers.flatMap(one => numbers.map(other => rule(one, other)))].join(',')}]}\n`
  },
  'base chains of nftables': counted(
    number =>
      `,{"chain":{"name":"a${number}","hook":"input","policy":"drop"}},{"rule":{"chain":"a${number}","expr":[{"jump":{"target":"evcctl_input"}}]}},{"rule":{"chain":"evcctl_input","expr":[{"accept":null}]}}`,
    'nft={"nftables":[{"chain":{"name":"evcctl_input"}}',
    ']}\n',
  ),
  nodes: counted(
    number => `{"metadata":{"name":"n${number}"}},`,
    'api=asked\n{"items":[',
    '{"metadata":{"name":"n"}}]}\n200 https://127.0.0.1/api/v1/nodes\n',
  ),
  'answers of an API server': filled('{}\n200 https://127.0.0.1/api/v1/nodes\n', 'api=asked\n'),
  'lines of a list': counted(number => `name=n${number}\n`, 'kind=NodeList\n'),
} satisfies Readonly<Record<string, Text>>

/** The processor time that a reader needs for a text, in ms. An error about the text counts like a result. */
function cost({ read }: CostlyReader, text: string): number {
  const began = process.cpuUsage()
  try {
    read(text)
  } catch {
    // The product would show this error to people.
  }
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

// Shorter times are ignored, in ms, because a garbage collection may be in them. Second: if the sixteenth takes less, the
// whole is not tried.
const wholeFloorMs = 250
const partFloorMs = 2

/**
 * Says what is wrong with the time that a text takes; undefined: nothing. Each size is 16 times the one before, so this
 * ends early if the time grows fast.
 */
export function fault(reader: CostlyReader, text: Text): string | undefined {
  const { most } = reader
  let before = 0
  for (const bytes of [most / 256, most / 16, most]) {
    const given = text(bytes)
    let taken = cost(reader, given)
    const bound = Math.max(wholeFloorMs, 32 * before)
    for (let more = 0; more < 2 && taken > bound && taken < 20_000; more++) taken = Math.min(taken, cost(reader, given))
    if (taken > bound) return `${Math.round(taken)} ms for ${bytes} bytes, ${Math.round(before)} ms for less`
    if (bytes === most / 16 && taken < partFloorMs) return undefined
    before = taken
  }
  return undefined
}
