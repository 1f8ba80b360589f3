import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2'
import type { AlgorithmList } from './config/index.ts'
import type { KnownHost } from './known-hosts.ts'
import { matchesList } from './patterns.ts'

interface Offered {
  /** What evcctl offers when ~/.ssh/config sets nothing, the best first. */
  readonly usual: readonly string[]
  /** Weak algorithms (SHA-1, CBC and others) that ssh2 1.17 supports. evcctl offers them only when ~/.ssh/config names them. */
  readonly onRequest: readonly string[]
}

/**
 * The algorithms that evcctl can negotiate (ssh2 1.17, lib/protocol/constants.js). diffie-hellman-group-exchange-* is left
 * out: the server chooses the prime, and a hostile one can choose a prime that Node checks for minutes while everything
 * else waits.
 */
export const offered = {
  kexalgorithms: {
    usual: [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group14-sha256',
      'diffie-hellman-group15-sha512',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group17-sha512',
      'diffie-hellman-group18-sha512',
    ],
    onRequest: ['diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1'],
  },
  hostkeyalgorithms: {
    usual: [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
    ],
    onRequest: ['ssh-rsa'],
  },
  ciphers: {
    usual: [
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'aes128-ctr',
      'aes192-ctr',
      'aes256-ctr',
      'chacha20-poly1305@openssh.com',
    ],
    onRequest: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'],
  },
  macs: {
    usual: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
    onRequest: ['hmac-sha1-etm@openssh.com', 'hmac-sha1'],
  },
} as const satisfies Partial<Record<AlgorithmList, Offered>>

/** The lists that two sides have to agree on, by their keyword. */
export type NegotiatedList = keyof typeof offered

/** The algorithms offered to one host, by list. A list is empty when ~/.ssh/config allows no algorithm that evcctl supports. */
export type Offer = Readonly<Record<NegotiatedList, readonly string[]>>

/**
 * The algorithms to offer to a host. Host key algorithms with a key in known_hosts are first: otherwise a host whose
 * ed25519 key is known could show its RSA key, and look as if its key had changed.
 */
export function offerFor(
  configured: Readonly<Partial<Record<AlgorithmList, string>>>,
  entries: readonly KnownHost[],
): Offer {
  const list = (name: NegotiatedList): string[] => choose(offered[name], configured[name])
  const hostKeys = list('hostkeyalgorithms')
  const types = new Set(entries.filter(entry => entry.marker === undefined).map(entry => entry.type))
  const known = (algorithm: string): boolean => types.has(algorithm.startsWith('rsa-sha2') ? 'ssh-rsa' : algorithm)
  return {
    kexalgorithms: list('kexalgorithms'),
    ciphers: list('ciphers'),
    macs: list('macs'),
    hostkeyalgorithms: [...hostKeys.filter(known), ...hostKeys.filter(algorithm => !known(algorithm))],
  }
}

/** Converts an offer to the form that ssh2 takes. */
export function ssh2Algorithms(offer: Offer): Algorithms {
  return {
    kex: [...offer.kexalgorithms],
    serverHostKey: [...offer.hostkeyalgorithms] as ServerHostKeyAlgorithm[],
    cipher: [...offer.ciphers],
    hmac: [...offer.macs],
    // A compressed packet of some KB could expand to 30 MB, beyond the packet bounds of SSH.
    compress: ['none'],
  } as Algorithms
}

// ssh_config(5): `+` adds to the usual algorithms, `-` removes some, `^` puts some first; anything else replaces the list.
function choose({ usual, onRequest }: Offered, spec: string | undefined): string[] {
  if (spec === undefined) return [...usual]
  const names = spec.replace(/^[+^-]/, '').split(',')
  const can = [...usual, ...onRequest]
  const named = names.flatMap(name => can.filter(algorithm => matchesList(algorithm, [name])))
  switch (spec[0]) {
    case '-':
      return usual.filter(algorithm => !matchesList(algorithm, names))
    case '+':
      return [...new Set([...usual, ...named])]
    case '^':
      return [...new Set([...named, ...usual])]
    default:
      return [...new Set(named)]
  }
}
