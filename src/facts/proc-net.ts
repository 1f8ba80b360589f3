/** Numbers and addresses in the hexadecimal form of /proc/net. */

/**
 * Reverses the bytes of a 32-bit word. /proc/net shows it as the machine stores it, and all supported machines are
 * little-endian.
 */
export function reverseBytes(word: string): string {
  return (word.match(/../g) ?? []).reverse().join('')
}

/** The IPv4 address in a word of 8 hexadecimal digits. */
export function fromHex(hex: string): string {
  return (reverseBytes(hex).match(/../g) ?? []).map(byte => Number.parseInt(byte, 16)).join('.')
}

/** The IPv6 address in 32 hexadecimal digits. The URL parser writes it in the form of RFC 5952. */
export function compressIPv6(hex: string): string {
  const groups = (hex.match(/.{4}/g) ?? []).join(':')
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
}
